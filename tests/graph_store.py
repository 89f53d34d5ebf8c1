"""Graphs that torch has traced in this run of the tests, shared by all files and by the processes of pytest-xdist.

Tracing a model takes seconds, and many tests export the same few small models. A graph is kept under the hash of all
that torch is given: the module with its class, attributes and weights, the example inputs, the axes and the version of
the operators. Nothing outlives the run, so that no graph is older than the sources, and each distinct one is traced
once. What the exporters do with a graph happens each time.
"""

import hashlib
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import onnx
import torch
from filelock import FileLock
from torch import Tensor, nn


@attrs.frozen
class Traced:
    """What is used of the answer of `torch.onnx.export`."""

    model_proto: onnx.ModelProto

    def save(self, path: Path, **_: object) -> None:
        """Write one file."""
        onnx.save(self.model_proto, path)


@attrs.frozen
class GraphStore:
    """Stands in for `torch.onnx.export`.

    Args:
        folder: of the graphs.
        trace: is `torch.onnx.export` itself.
    """

    folder: Path
    trace: Callable[..., Any]

    def __call__(self, module: nn.Module, arguments: tuple[Any, ...] = (), **options: Any) -> Any:  # noqa: ANN401
        """Trace what was not traced before."""
        key = hash_of(module, arguments, options)
        if key is None:
            return self.trace(module, arguments, **options)
        file = self.folder / f"{key}.onnx"
        with FileLock(file.with_suffix(".lock")):
            if not file.exists():
                graph = self.trace(module, arguments, **options).model_proto
                file.write_bytes(graph.SerializeToString(deterministic=True))
        return Traced(onnx.ModelProto.FromString(file.read_bytes()))


def hash_of(*given: object) -> str | None:
    """The hash of their content; None where it cannot be had, as of a class that stands inside a function."""
    content = io.BytesIO()
    try:
        _Pickler(content, protocol=5).dump(given)
    except (AttributeError, TypeError, pickle.PicklingError):
        return None
    return hashlib.sha256(content.getbuffer()).hexdigest()


class _Pickler(pickle.Pickler):
    """Writes a tensor's numbers, and not where they lie in memory."""

    def reducer_override(self, given: object) -> Any:  # noqa: ANN401 - as the library's own
        """A tensor as its type, its shape and its bytes."""
        if not isinstance(given, Tensor):
            return NotImplemented
        values = given.detach().cpu().contiguous()
        content = values.flatten().view(torch.uint8).numpy().tobytes() if values.dim() else repr(values.item()).encode()
        return Tensor, (str(given.dtype), type(given).__name__, tuple(given.shape), given.requires_grad, content)
