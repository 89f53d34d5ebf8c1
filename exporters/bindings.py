"""ONNX Runtime on the memory of torch's tensors, in the order of torch's streams."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import onnxruntime
import torch
from torch import Tensor

NUMPY_TYPES: Final[Mapping[torch.dtype, type[np.generic]]] = MappingProxyType(
    {torch.float32: np.float32, torch.int64: np.int64}
)

_CAPTURE_RUNS: Final = 3
"""Runs until a CUDA graph is there: ONNX Runtime takes up to two for what it allocates, and records the next."""


class TensorGraph(ABC):
    """A graph that reads tensors and writes into tensors."""

    @abstractmethod
    def run(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> None:
        """Run.

        Args:
            inputs: contiguous, by name.
            outputs: as large as what the graph gives, by name; are written.
        """


class BoundGraph(TensorGraph):
    """Reads and writes the tensors' own memory: nothing is copied.

    Args:
        session: an `onnxruntime.InferenceSession`.
    """

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
        self._session = session
        self._options = _run_options()

    def run(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> None:
        """Run."""
        self._session.run_with_iobinding(bind(self._session, inputs, outputs), self._options)


class FixedGraph(TensorGraph):
    """Has tensors of its own, which never move, as a CUDA graph must: inputs are copied into them, outputs out of them.

    Fewer rows than they have are run beside whatever was there before.

    Args:
        session: an `onnxruntime.InferenceSession`; where it was opened with CUDA graphs, the graph is recorded here.
        inputs: buffers, which hold something that the graph can run on, by name.
        outputs: buffers by name.
    """

    def __init__(self, session: Any, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> None:  # noqa: ANN401
        self._session, self._inputs, self._outputs = session, inputs, outputs
        self._options = _run_options()
        self._binding = bind(session, inputs, outputs)
        for _ in range(_CAPTURE_RUNS):
            session.run_with_iobinding(self._binding, self._options)

    def run(self, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> None:
        """Run."""
        for name, values in inputs.items():
            self._inputs[name][tuple(slice(size) for size in values.shape)].copy_(values)
        self._session.run_with_iobinding(self._binding, self._options)
        for name, values in outputs.items():
            values.copy_(self._outputs[name][: len(values)])


class Turn:
    """Lets ONNX Runtime run on a stream of its own, as if it were one of torch's operators on the caller's stream.

    ONNX Runtime waits for no stream but its own, so it gets one that torch knows (`user_compute_stream`): that waits
    for what the caller's stream holds when a run begins, and the caller's stream waits for it when the run ends. The
    host need not wait. The caller's own stream would not do: it is the default stream most of the time, whose address
    is 0, which ONNX Runtime takes for none.

    Args:
        device: of the tensors; on the CPU there is nothing to order.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        make_stream: Callable[..., torch.cuda.Stream] = torch.cuda.Stream
        self._stream = make_stream(device) if device.type == "cuda" else None

    @property
    def address(self) -> int | None:
        """Of the stream, for `Execution`."""
        return None if self._stream is None else int(self._stream.cuda_stream)

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """What runs inside comes after all that the caller's stream holds so far, and before what it gets next.

        What is allocated inside must not be given to the caller: torch would use its memory again too early.
        """
        if self._stream is None:
            yield
            return
        caller = torch.cuda.current_stream(self._device)
        self._stream.wait_stream(caller)
        try:
            with torch.cuda.stream(self._stream):
                yield
        finally:
            caller.wait_stream(self._stream)


def bind(session: Any, inputs: Mapping[str, Tensor], outputs: Mapping[str, Tensor]) -> Any:  # noqa: ANN401
    """An `onnxruntime.IOBinding` to the memory of these tensors, which must live as long as it is used."""
    binding = session.io_binding()
    for name, values in inputs.items():
        binding.bind_input(name, *_address(values))
    for name, values in outputs.items():
        binding.bind_output(name, *_address(values))
    return binding


def _address(values: Tensor) -> tuple[str, int, type[np.generic], tuple[int, ...], int]:
    device = values.device
    return device.type, device.index or 0, NUMPY_TYPES[values.dtype], tuple(values.shape), values.data_ptr()


def _run_options() -> Any:  # noqa: ANN401 - onnxruntime has no types
    options = onnxruntime.RunOptions()
    # The order of streams is kept by `Turn`, so the host need not wait for the device at the end of each graph.
    options.add_run_config_entry("disable_synchronize_execution_providers", "1")
    return options
