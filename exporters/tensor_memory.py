"""Torch's tensors as the memory that batches lie in, and graphs that run on them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import attrs
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

if TYPE_CHECKING:
    from .ports import Port
    from .runtime import Graph, TensorSpec

NUMPY_TYPES: Final[Mapping[torch.dtype, type[np.generic]]] = MappingProxyType(
    {torch.float32: np.float32, torch.int64: np.int64}
)
TORCH_TYPES: Final[Mapping[type[np.generic], torch.dtype]] = MappingProxyType(
    {kind: dtype for dtype, kind in NUMPY_TYPES.items()}
)


@attrs.frozen(eq=False)
class TensorMemory:
    """Tensors on one device; a `Memory`, see `graphs`.

    Args:
        device: Where they are.
    """

    device: torch.device

    def full(self, shape: tuple[int, ...], value: int, dtype: type[np.generic]) -> Tensor:
        """The same number everywhere."""
        return torch.full(shape, value, dtype=TORCH_TYPES[dtype], device=self.device)

    def move(self, values: NDArray[Any]) -> Tensor:
        """A tensor of these values; from pinned memory to a GPU, so that the host need not wait for them."""
        host = torch.from_numpy(np.ascontiguousarray(values))
        return host.pin_memory().to(self.device, non_blocking=True) if self.device.type == "cuda" else host

    def take(self, values: Tensor, rows: Tensor) -> Tensor:
        """Some rows of a batch."""
        return values[rows]

    def put(self, into: Tensor, rows: Tensor, values: Tensor) -> None:
        """Write some rows of a batch."""
        into[rows] = values


class TensorGraph(ABC):
    """A graph that reads tensors and writes into tensors."""

    @abstractmethod
    def run(self, feed: Mapping[str, Tensor], into: Mapping[str, Tensor] | None = None) -> Sequence[Tensor]:
        """All outputs, in their order.

        Args:
            feed: Contiguous inputs by name.
            into: Tensors as large as what the graph gives, by name, which are written; None for new ones.

        Raises:
            DataError: if the graph refuses this batch.
            ExportError: if it fails.
        """


class GraphOnHost(TensorGraph):
    """A graph that knows arrays alone, which share the memory of tensors on the CPU.

    Args:
        graph: Of any runtime.
    """

    def __init__(self, graph: "Graph") -> None:
        self._graph = graph

    def run(self, feed: Mapping[str, Tensor], into: Mapping[str, Tensor] | None = None) -> Sequence[Tensor]:
        """Run."""
        found = self._graph.run({name: values.numpy() for name, values in feed.items()})
        made = {
            port.name: torch.from_numpy(np.ascontiguousarray(values))
            for port, values in zip(self._graph.outputs, found, strict=True)
        }
        for name, values in (into or {}).items():
            values.copy_(made[name])
        return list(made.values()) if into is None else [into[name] for name in made]


@attrs.frozen(eq=False)
class Buffers:
    """Tensors for batches of one size, which never move.

    Args:
        inputs: By name.
        outputs: By name.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]


def make_buffers(graph: "Graph", ports: "Sequence[Port]", batch: int, device: torch.device) -> Buffers:
    """Buffers that a graph can run on.

    Args:
        graph: Says what it takes and gives.
        ports: How large a row of each modality is.
        batch: The number of rows.
        device: Where they are.
    """
    shapes = {port.name: port.shape for port in ports}
    inputs = {}
    for given in graph.inputs:
        kind = TORCH_TYPES[np.int64 if given.dtype is np.int64 else np.float32]
        if given.name in shapes:
            inputs[given.name] = torch.zeros(batch, *shapes[given.name], dtype=kind, device=device)
        else:
            # A length or a presence of 0 could be divided by.
            inputs[given.name] = torch.ones(batch, *_row_shape(given), dtype=kind, device=device)
    return Buffers(inputs, make_outputs(graph, batch, device))


def make_outputs(graph: "Graph", rows: int, device: torch.device) -> dict[str, Tensor]:
    """Tensors for what a graph gives to a batch, by name; they hold anything."""
    return {port.name: torch.empty(rows, *_row_shape(port), device=device) for port in graph.outputs}


def _row_shape(port: "TensorSpec") -> tuple[int, ...]:
    return tuple(size or 0 for size in port.shape[1:])
