"""An artefact as a model repository of NVIDIA's Triton Inference Server."""

from ...framework._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
