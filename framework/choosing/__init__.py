"""The best model without a target label: candidates, a consensus that judges them, and a pick that is sure to help."""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
