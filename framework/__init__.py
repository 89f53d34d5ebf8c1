"""What every method is made of: interfaces, data classes, the model, the Builder and the loop.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from ._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
