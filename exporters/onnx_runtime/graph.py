"""A graph in ONNX Runtime."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from ...framework.errors import AcclimateError, DataError, ExportError
from ..runtime import Graph, Placement, TensorSpec

if TYPE_CHECKING:
    import torch

    from ..tensor_memory import Buffers, TensorGraph

_TYPES: Final[Mapping[str, type[np.generic]]] = {
    "tensor(float)": np.float32,
    "tensor(int64)": np.int64,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
"""Those that graphs of other programs may have are named in errors; what else there is counts as objects."""


class OnnxGraph(Graph):
    """A graph in ONNX Runtime.

    Attributes:
        session: The `onnxruntime.InferenceSession`.

    Args:
        session: One that was opened, see `open_graph`.
    """

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
        self.session = session
        self.inputs = tuple(map(_describe, session.get_inputs()))
        self.outputs = tuple(map(_describe, session.get_outputs()))
        self.metadata = session.get_modelmeta().custom_metadata_map
        self.provider = session.get_providers()[0]
        self._names = [output.name for output in self.outputs]

    @property
    def placement(self) -> Placement:
        """Which execution provider runs which operators."""
        from .placement import read_placement

        return read_placement(self.session)

    def run(self, feed: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """All outputs, in their order."""
        try:
            found: list[NDArray[Any]] = self.session.run(self._names, dict(feed))
        except Exception as error:  # ONNX Runtime's errors have no base class of their own.
            raise explain_failure(error) from error
        return found

    def on_tensors(self, device: "torch.device", buffers: "Buffers | None" = None) -> "TensorGraph":
        """The same graph on the tensors' own memory."""
        from .bindings import BoundGraph, FixedGraph

        return BoundGraph(self, device) if buffers is None else FixedGraph(self, buffers)


def explain_failure(error: Exception) -> AcclimateError:
    """An error in one line: of the batch, where the graph refuses it, such as a text longer than it has positions for.

    All others, such as a lack of memory, are the artefact's.
    """
    reason = (str(error).strip() or type(error).__name__).partition("\n")[0]
    if isinstance(error, InvalidArgument):
        return DataError(f"the graph refuses this batch: {reason}")
    return ExportError(f"the graph failed while it ran: {reason}")


def _describe(argument: Any) -> TensorSpec:  # noqa: ANN401 - an `onnxruntime.NodeArg`, which has no types
    shape = tuple(size if isinstance(size, int) else None for size in argument.shape or ())
    return TensorSpec(argument.name, _TYPES.get(argument.type, np.object_), shape)
