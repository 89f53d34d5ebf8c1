"""Data as tables of files: reading, decoding and preprocessing. No torch."""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
