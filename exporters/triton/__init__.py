"""An artefact as a model repository of NVIDIA's Triton Inference Server. Imports no torch."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .repository import TritonExport as TritonExport, write_triton as write_triton
else:
    from ...framework._lazy import attach

    __getattr__, __dir__, __all__ = attach(__name__, {"repository": ["TritonExport", "write_triton"]})
