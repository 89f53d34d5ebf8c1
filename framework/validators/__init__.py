"""Scores of a model on the target without its labels: what chooses a run's checkpoint, each a Validator."""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
