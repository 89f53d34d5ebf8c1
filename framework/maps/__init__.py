"""Input maps that a score without labels finds for a target: groups of candidates, and their search.

Imports no torch.
"""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
