"""What runs an artefact's graphs, ONNX Runtime or another in its place, and the memory that batches lie in."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.errors import ExportError

if TYPE_CHECKING:
    import torch

    from .tensor_memory import Buffers, TensorGraph

Placement: TypeAlias = Mapping[str, Mapping[str, int]]
"""How many operators of each type run, by what runs them, then by type."""


@attrs.frozen
class TensorSpec:
    """An input or output of a graph.

    Args:
        name: The graph's own name of it.
        dtype: The type of its values.
        shape: Its sizes; None where any will do, such as the number of rows.

    Example:
        >>> TensorSpec("logits", np.float32, (None, 3)).shape
        (None, 3)
    """

    name: str
    dtype: type[np.generic]
    shape: tuple[int | None, ...]


class Graph(ABC):
    """A graph that a runtime has opened. Several threads may run it at the same time.

    Attributes:
        inputs: What it takes, in its order.
        outputs: What it gives, in its order.
        metadata: What its file says of itself, by key.
        provider: The name of what runs it, such as an execution provider of ONNX Runtime.

    Example:
        >>> class Doubled(Graph):
        ...     inputs = outputs = (TensorSpec("x", np.float32, (None, 2)),)
        ...     metadata, provider = {}, "numpy"
        ...
        ...     def run(self, feed):
        ...         return [2 * feed["x"]]
        >>> Doubled().run({"x": np.ones((1, 2), np.float32)})
        [array([[2., 2.]], dtype=float32)]
    """

    inputs: Sequence[TensorSpec]
    outputs: Sequence[TensorSpec]
    metadata: Mapping[str, str]
    provider: str

    @abstractmethod
    def run(self, feed: Mapping[str, NDArray[Any]]) -> Sequence[NDArray[Any]]:
        """All outputs, in their order.

        Args:
            feed: An array for each input, by name; they were checked.

        Raises:
            DataError: if the graph refuses this batch.
            ExportError: if it fails.
        """

    @property
    def placement(self) -> Placement:
        """What runs which operators; nothing where the runtime does not say."""
        return MappingProxyType({})

    def on_tensors(self, device: "torch.device", buffers: "Buffers | None" = None) -> "TensorGraph":
        """The same graph on torch's tensors: of the CPU, whose memory arrays share, unless the runtime can do more.

        Args:
            device: Where the tensors are.
            buffers: Memory that never moves, for all inputs and outputs of batches of one size; None where each run
                reads and writes the tensors that it is given.

        Raises:
            ExportError: if the runtime cannot.
        """
        from .tensor_memory import GraphOnHost

        if device.type != "cpu" or buffers is not None:
            raise ExportError(f"{self.provider} runs on tensors of the CPU, of any batch size, but not on {device}.")
        return GraphOnHost(self)


Runtime: TypeAlias = Callable[[bytes, str], Graph]
"""Opens the content of an ONNX file; the second argument is what errors call it.

A class of Graphs that is made from both is one. `Execution.runtime` gives that of its provider, and `Session` takes any
other as its argument `runtime`.

Raises:
    ExportError: if the content cannot be opened so.
"""

Values = TypeVar("Values")
"""An array of numpy, or a tensor of torch."""


class Runnable(Protocol[Values]):
    """A graph on one kind of memory: `Graph` on arrays, `TensorGraph` on tensors."""

    def run(self, feed: Mapping[str, Values], /) -> Sequence[Values]:
        """All outputs, in their order."""


class Memory(Protocol[Values]):
    """Where batches lie."""

    def full(self, shape: tuple[int, ...], value: int, dtype: type[np.generic]) -> Values:
        """The same number everywhere."""

    def move(self, values: NDArray[Any]) -> Values:
        """What the host counted, in this memory."""

    def take(self, values: Values, rows: Values) -> Values:
        """Some rows of a batch."""

    def put(self, into: Values, rows: Values, values: Values) -> None:
        """Write some rows of a batch."""


class ArrayMemory:
    """Arrays of numpy; a `Memory`."""

    def full(self, shape: tuple[int, ...], value: int, dtype: type[np.generic]) -> NDArray[Any]:
        """The same number everywhere."""
        return np.full(shape, value, dtype)

    def move(self, values: NDArray[Any]) -> NDArray[Any]:
        """The same array."""
        return values

    def take(self, values: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
        """Some rows of a batch."""
        chosen: NDArray[Any] = values[rows]
        return chosen

    def put(self, into: NDArray[Any], rows: NDArray[Any], values: NDArray[Any]) -> None:
        """Write some rows of a batch."""
        into[rows] = values
