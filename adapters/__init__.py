"""One module per paper, then the baselines: Aligners, TeacherSelectors, Balancers, Fusions, and recipes.

Names are imported when they are first asked for, so that the modules without torch stay light.
"""

from ..framework._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
