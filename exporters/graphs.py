"""An artefact's graphs at work, whatever its form, its runtime and the memory that batches lie in."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..framework.port_names import FEATURES, LENGTH, PRESENT
from .ports import Port

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


class Graphs(ABC, Generic[Values]):
    """What an artefact computes. Several threads may use it at the same time, where they may its memory.

    Args:
        main: The graph that gives the outputs.
        memory: Where batches lie.
    """

    def __init__(self, main: Runnable[Values], memory: Memory[Values]) -> None:
        self._main, self._memory = main, memory

    def run(self, inputs: Mapping[str, Values], present: NDArray[np.bool_]) -> Sequence[Values]:
        """The outputs, in their order.

        Args:
            inputs: The artefact's inputs by name, `present` among them, checked; modalities that no row has may lack.
            present: `(B, M)`, on the host.
        """
        return self._main.run(self.feed(inputs, present))

    @abstractmethod
    def feed(self, inputs: Mapping[str, Values], present: NDArray[np.bool_]) -> dict[str, Values]:
        """What the main graph is given; the arguments are those of `run`."""


class WholeGraph(Graphs[Values]):
    """One graph, which takes all modalities: zeros for those that no row has.

    Args:
        main: The graph of `model.onnx`.
        ports: What each modality's input must be.
        memory: Where batches lie.
    """

    def __init__(self, main: Runnable[Values], ports: Sequence[Port], memory: Memory[Values]) -> None:
        super().__init__(main, memory)
        self._ports = ports

    def feed(self, inputs: Mapping[str, Values], present: NDArray[np.bool_]) -> dict[str, Values]:
        """What is given, and zeros."""
        filled = dict(inputs)
        for port in self._ports:
            if port.name not in inputs:
                filled[port.name] = self._memory.full((len(present), *port.absent_shape), 0, port.dtype)
                if port.time_axis is not None:
                    filled[port.length_name] = self._memory.full((len(present),), 1, np.int64)
        return filled


class SplitGraphs(Graphs[Values]):
    """A graph for each encoder, which runs on the rows that have its modality, and one for the fusion.

    Args:
        encoders: The encoders' graphs by modality, in the order of the columns of `present`.
        fusion: The graph of `fusion.onnx`.
        widths: How many features each encoder gives, by modality.
        memory: Where batches lie.
    """

    def __init__(
        self,
        encoders: Mapping[str, Runnable[Values]],
        fusion: Runnable[Values],
        widths: Mapping[str, int],
        memory: Memory[Values],
    ) -> None:
        super().__init__(fusion, memory)
        self._encoders, self._widths = encoders, widths

    def feed(self, inputs: Mapping[str, Values], present: NDArray[np.bool_]) -> dict[str, Values]:
        """Features of all modalities; zeros in rows that lack one."""
        features = {
            FEATURES.format(modality=name): self._encode(name, inputs, present[:, column])
            for column, name in enumerate(self._encoders)
        }
        return {**features, PRESENT: inputs[PRESENT]}

    def _encode(self, modality: str, inputs: Mapping[str, Values], present: NDArray[np.bool_]) -> Values:
        own = {name: inputs[name] for name in (modality, LENGTH.format(modality=modality)) if name in inputs}
        if present.all():
            return self._encoders[modality].run(own)[0]
        features = self._memory.full((len(present), self._widths[modality]), 0, np.float32)
        if present.any():
            rows = self._memory.move(np.flatnonzero(present))
            given = {name: self._memory.take(values, rows) for name, values in own.items()}
            self._memory.put(features, rows, self._encoders[modality].run(given)[0])
        return features


ArrayGraphs: TypeAlias = Graphs[NDArray[Any]]
"""What an artefact computes on arrays of numpy."""
