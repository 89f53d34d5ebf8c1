"""ONNX Runtime on the memory of torch's tensors."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from ..tensor_memory import NUMPY_TYPES, Buffers, TensorGraph, make_outputs
from .graph import OnnxGraph, explain_failure

_CAPTURE_RUNS: Final = 3
"""Runs until a CUDA graph is there: ONNX Runtime takes up to two for what it allocates, and records the next."""


class BoundGraph(TensorGraph):
    """Reads and writes the tensors' own memory: nothing is copied.

    Args:
        graph: A graph in ONNX Runtime.
        device: Where its outputs are made, when it is not told where to write them.
    """

    def __init__(self, graph: OnnxGraph, device: torch.device) -> None:
        self._graph, self._device = graph, device
        self._options = _run_options()

    def run(self, feed: Mapping[str, Tensor], into: Mapping[str, Tensor] | None = None) -> Sequence[Tensor]:
        """Run."""
        outputs = into or make_outputs(self._graph, len(next(iter(feed.values()))), self._device)
        _run(self._graph, bind(self._graph, feed, outputs), self._options)
        return [outputs[port.name] for port in self._graph.outputs]


class FixedGraph(TensorGraph):
    """Has tensors of its own, which never move, as a CUDA graph must: inputs are copied into them, outputs out of them.

    Fewer rows than they have are run beside whatever was there before.

    Args:
        graph: A graph in ONNX Runtime; where it was opened with CUDA graphs, that is recorded here.
        buffers: Its own tensors; the inputs hold something that the graph can run on.
    """

    def __init__(self, graph: OnnxGraph, buffers: Buffers) -> None:
        self._graph, self._buffers = graph, buffers
        self._options = _run_options()
        self._binding = bind(graph, buffers.inputs, buffers.outputs)
        for _ in range(_CAPTURE_RUNS):
            _run(graph, self._binding, self._options)

    def run(self, feed: Mapping[str, Tensor], into: Mapping[str, Tensor] | None = None) -> Sequence[Tensor]:
        """Run."""
        rows = len(next(iter(feed.values())))
        for name, values in feed.items():
            self._buffers.inputs[name][tuple(slice(size) for size in values.shape)].copy_(values)
        _run(self._graph, self._binding, self._options)
        own = {name: values[:rows] for name, values in self._buffers.outputs.items()}
        outputs = into or {name: torch.empty_like(values) for name, values in own.items()}
        for name, values in outputs.items():
            values.copy_(own[name])
        return [outputs[port.name] for port in self._graph.outputs]


def bind(graph: OnnxGraph, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Any:  # noqa: ANN401
    """An `onnxruntime.IOBinding` to the memory of these tensors, which must live as long as it is used."""
    binding = graph.session.io_binding()
    for name, values in inputs.items():
        binding.bind_input(name, *_address(values))
    for name, values in outputs.items():
        binding.bind_output(name, *_address(values))
    return binding


def _run(graph: OnnxGraph, binding: Any, options: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
    try:
        graph.session.run_with_iobinding(binding, options)
    except Exception as error:  # ONNX Runtime's errors have no base class of their own.
        raise explain_failure(error) from error


def _address(values: Tensor) -> tuple[str, int, type[np.generic], tuple[int, ...], int]:
    device = values.device
    return device.type, device.index or 0, NUMPY_TYPES[values.dtype], tuple(values.shape), values.data_ptr()


def _run_options() -> Any:  # noqa: ANN401 - onnxruntime has no types
    options = onnxruntime.RunOptions()
    # The order of streams is kept by `Turn`, so the host need not wait for the device at the end of each graph.
    options.add_run_config_entry("disable_synchronize_execution_providers", "1")
    return options
