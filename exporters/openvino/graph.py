"""A graph in OpenVINO."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...framework.errors import DataError, ExportError
from ..runtime import Graph, Placement, TensorSpec

_TYPES: Final[Mapping[str, type[np.generic]]] = {
    "f32": np.float32,
    "i64": np.int64,
    "f64": np.float64,
    "f16": np.float16,
    "i32": np.int32,
    "boolean": np.bool_,
}
"""By OpenVINO's names. What else there is counts as objects."""

_MISFIT: Final = "incompatible"
"""What OpenVINO says of a batch whose shape the graph does not take."""

_NO_OPERATORS: Final = frozenset({"Const", "Input", "Output"})


class OpenVINOGraph(Graph):
    """A graph in OpenVINO.

    Args:
        compiled: The `openvino.CompiledModel`.
        metadata: What the file says of itself.
        provider: The name of what runs it.
    """

    def __init__(self, compiled: Any, metadata: Mapping[str, str], provider: str) -> None:  # noqa: ANN401 - no types
        self.inputs = tuple(map(_describe, compiled.inputs))
        self.outputs = tuple(map(_describe, compiled.outputs))
        self.metadata, self.provider = metadata, provider
        self._compiled = compiled
        # A request has the memory of one run, so each thread needs its own.
        self._requests = threading.local()

    @property
    def placement(self) -> Placement:
        """How many operators of each type run in which precision, as OpenVINO says; those inside of an If it hides."""
        found: dict[str, Counter[str]] = {}
        for operator in self._compiled.get_runtime_model().get_ops():
            noted = operator.get_rt_info()
            kind, precision = (str(noted[key].value) for key in ("layerType", "runtimePrecision"))
            if kind not in _NO_OPERATORS:
                found.setdefault(f"{self.provider} {precision}", Counter())[kind] += 1
        return found

    def run(self, feed: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """All outputs, in their order."""
        if not hasattr(self._requests, "own"):
            self._requests.own = self._compiled.create_infer_request()
        try:
            found = self._requests.own.infer(dict(feed), share_inputs=True)
        except (RuntimeError, ValueError) as error:
            reason = explain(error)
            if _MISFIT in str(error):
                raise DataError(f"the graph refuses this batch: {reason}") from error
            raise ExportError(f"the graph failed while it ran: {reason}") from error
        return [found[number] for number in range(len(self.outputs))]


def explain(error: Exception) -> str:
    """What OpenVINO says in several lines, the last of which tells the reason, in one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _describe(port: Any) -> TensorSpec:  # noqa: ANN401 - an `openvino.ConstOutput`, which has no types
    shape = tuple(None if size.is_dynamic else int(size.get_length()) for size in port.get_partial_shape())
    return TensorSpec(port.get_any_name(), _TYPES.get(port.get_element_type().get_type_name(), np.object_), shape)
