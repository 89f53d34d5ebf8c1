"""An artefact as a page that runs it in the visitor's browser."""

from ...framework._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
