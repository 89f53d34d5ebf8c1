"""Graphs that torch has traced in this run of the tests, shared by all files and by the processes of pytest-xdist.

Tracing a model takes seconds, and many tests export the same few small models, most of them with weights of their own.
A graph is kept under the hash of all that torch is given but the numbers of the weights: the module with its class and
attributes, the weights' names and shapes, the example inputs, the axes and the version of the operators. Weights that
stand in a graph as they are, under their names, are put into it anew for each model; where the exporter has made
something else of one, such as LSTMs' gates in another order, the graph is for models with these very numbers. Exports
compare each graph with its model, so that one with wrong weights would not pass. Nothing outlives the run, so that no
graph is older than the sources. What the exporters do with a graph happens each time.
"""

import hashlib
import io
import pickle
from collections.abc import Callable, Iterable, Mapping
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
        weights = module.state_dict(keep_vars=True)
        key = _hash_of(weights, module, arguments, options)
        if key is None:
            return self.trace(module, arguments, **options)
        with FileLock(self.folder / f"{key}.lock"):
            for file in sorted(self.folder.glob(f"{key}-*.onnx")):
                graph = onnx.load(file)
                if _fill(graph, weights):
                    return Traced(graph)
            graph = self.trace(module, arguments, **options).model_proto
            kept = onnx.ModelProto()
            kept.CopyFrom(graph)
            _note_weights(kept, weights)
            number = len(list(self.folder.glob(f"{key}-*.onnx")))
            (self.folder / f"{key}-{number}.onnx").write_bytes(kept.SerializeToString(deterministic=True))
        return Traced(graph)


_NOTE = "graph_store/"
"""Begins the keys of notes in a kept graph, one for each weight: what stands in the graph in its place."""

_SAME, _TURNED = "same/", "turned/"
"""Begin a note where a constant has the weight's numbers, or those of the matrix turned; its name follows."""


def _note_weights(graph: onnx.ModelProto, weights: Mapping[str, Tensor]) -> None:
    """Write down which constant each weight is, or else the hash of its numbers."""
    found: dict[str, list[str]] = {}
    for constant in graph.graph.initializer:
        found.setdefault(_hash_of_content(constant.dims, constant.raw_data), []).append(constant.name)
    hashes = {name: _hash_of_weight(weight) for name, weight in weights.items()}
    for name, weight in weights.items():
        note = hashes[name]
        if name in found.get(note, ()):
            note = f"{_SAME}{name}"
        elif weight.dim() == 2:
            # It has a name of the exporter's, so it must be the only one with these numbers.
            turned = found.get(_hash_of_weight(weight.T), ())
            is_alone = len(turned) == 1 and list(hashes.values()).count(note) == 1
            note = f"{_TURNED}{turned[0]}" if is_alone else note
        graph.metadata_props.add(key=f"{_NOTE}{name}", value=note)


def _fill(graph: onnx.ModelProto, weights: Mapping[str, Tensor]) -> bool:
    """Give a kept graph another model's weights, and no notes, as torch made it; False if it is not for this model."""
    constants = {constant.name: constant for constant in graph.graph.initializer}
    left = []
    for note in graph.metadata_props:
        if not note.key.startswith(_NOTE):
            left.append(note)
            continue
        weight = weights[note.key.removeprefix(_NOTE)]
        place = note.value.removeprefix(_SAME).removeprefix(_TURNED)
        if place != note.value:
            constants[place].raw_data = _content(weight.T if note.value.startswith(_TURNED) else weight)
        elif note.value != _hash_of_weight(weight):
            return False
    del graph.metadata_props[:]
    graph.metadata_props.extend(left)
    return True


def _hash_of_weight(weight: Tensor) -> str:
    return _hash_of_content(weight.shape, _content(weight))


def _hash_of_content(sizes: Iterable[int], content: bytes) -> str:
    return hashlib.sha256(f"{tuple(sizes)} ".encode() + content).hexdigest()


def _content(tensor: Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _hash_of(weights: Mapping[str, Tensor], *given: object) -> str | None:
    """The hash of all but the weights' numbers; None where it cannot be had, as of a class inside a function."""
    content = io.BytesIO()
    try:
        _Pickler(content, {id(weight) for weight in weights.values()}).dump(given)
    except (AttributeError, TypeError, pickle.PicklingError):
        return None
    return hashlib.sha256(content.getbuffer()).hexdigest()


class _Pickler(pickle.Pickler):
    """Writes what a tensor is, and not where it lies in memory; its numbers, if it is none of the weights."""

    def __init__(self, file: io.BytesIO, weights: set[int]) -> None:
        super().__init__(file, protocol=5)
        self._weights = weights

    def reducer_override(self, given: object) -> Any:  # noqa: ANN401 - as the library's own
        """A tensor as its type, its shape and, where they count, its bytes."""
        if not isinstance(given, Tensor):
            return NotImplemented
        content = b"" if id(given) in self._weights else _content(given)
        return Tensor, (str(given.dtype), type(given).__name__, tuple(given.shape), given.requires_grad, content)
