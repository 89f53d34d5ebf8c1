"""Encoders: one modality's input -> feature vectors. One file a family."""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
