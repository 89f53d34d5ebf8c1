"""The order of ONNX Runtime's work and of torch's on a GPU."""

import contextlib
from collections.abc import Callable, Iterator

import torch


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
