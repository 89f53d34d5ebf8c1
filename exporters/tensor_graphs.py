"""Runs the graphs of an artefact on tensors, whatever its form."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .artefact import FEATURES, FUSION_FILE, LENGTH, MODEL_FILE, PRESENT
from .bindings import BoundGraph, FixedGraph, TensorGraph
from .feeding import Port
from .file_names import encoder_files
from .session import Session
from .tensor_feed import TORCH_TYPES, to_device

Open: TypeAlias = Callable[[Any], TensorGraph]
"""Makes a graph of an `onnxruntime.InferenceSession`."""


class TensorGraphs(ABC):
    """What an artefact computes."""

    @abstractmethod
    def run(self, inputs: Mapping[str, Tensor], present: NDArray[np.bool_], outputs: Mapping[str, Tensor]) -> None:
        """Run.

        Args:
            inputs: contiguous tensors by name, but for modalities that no row has.
            present: `(B, M)`, on the host.
            outputs: `(B, C)` by name; are written.
        """


class WholeTensors(TensorGraphs):
    """One graph, which takes all modalities.

    Args:
        graph: of `model.onnx`.
        ports: what each modality's input must be.
    """

    def __init__(self, graph: TensorGraph, ports: Sequence[Port]) -> None:
        self._graph, self._ports = graph, ports

    def run(self, inputs: Mapping[str, Tensor], present: NDArray[np.bool_], outputs: Mapping[str, Tensor]) -> None:
        """Run, with zeros for what no row has."""
        device = inputs[PRESENT].device
        filled = dict(inputs)
        for port in self._ports:
            if port.name not in inputs:
                kind = TORCH_TYPES[port.dtype]
                filled[port.name] = torch.zeros(len(present), *port.absent_shape, dtype=kind, device=device)
                if port.time_axis is not None:
                    filled[port.length_name] = torch.ones(len(present), dtype=torch.int64, device=device)
        self._graph.run(filled, outputs)


class SplitTensors(TensorGraphs):
    """A graph for each encoder, which runs on the rows that have its modality, and one for the fusion.

    Args:
        encoders: by modality, in the order of the columns of `present`.
        fusion: of `fusion.onnx`.
        widths: of the features, by modality.
    """

    def __init__(self, encoders: Mapping[str, TensorGraph], fusion: TensorGraph, widths: Mapping[str, int]) -> None:
        self._encoders, self._fusion, self._widths = encoders, fusion, widths

    def run(self, inputs: Mapping[str, Tensor], present: NDArray[np.bool_], outputs: Mapping[str, Tensor]) -> None:
        """Run; features stay on the device."""
        features = {
            FEATURES.format(modality=name): self._encode(name, inputs, present[:, column])
            for column, name in enumerate(self._encoders)
        }
        self._fusion.run({**features, PRESENT: inputs[PRESENT]}, outputs)

    def _encode(self, modality: str, inputs: Mapping[str, Tensor], present: NDArray[np.bool_]) -> Tensor:
        device = inputs[PRESENT].device
        features = torch.zeros(len(present), self._widths[modality], device=device)
        if not present.any():
            return features
        own = {name: inputs[name] for name in (modality, LENGTH.format(modality=modality)) if name in inputs}
        output = FEATURES.format(modality=modality)
        if present.all():
            self._encoders[modality].run(own, {output: features})
            return features
        rows = to_device(np.flatnonzero(present), device)
        encoded = torch.empty(len(rows), self._widths[modality], device=device)
        self._encoders[modality].run({name: values[rows] for name, values in own.items()}, {output: encoded})
        features[rows] = encoded
        return features


def open_tensor_graphs(
    session: Session, widths: Mapping[str, int], device: torch.device, batch: int | None
) -> TensorGraphs:
    """Make an artefact ready to run on tensors.

    Args:
        session: the artefact.
        widths: of the outputs, by name.
        device: of the tensors.
        batch: rows of every batch, for CUDA graphs; None for batches of any size.
    """
    graphs = session.graphs.sessions
    if session.config.form != "split":
        return WholeTensors(_open(graphs[MODEL_FILE], session.ports, widths, device, batch), session.ports)
    fusion = graphs[FUSION_FILE]
    sizes = {port.name: int(port.shape[1]) for port in fusion.get_inputs()}
    names = {name: FEATURES.format(modality=name) for name in session.modalities}
    encoders = {
        name: _open(graphs[file], session.ports, {names[name]: sizes[names[name]]}, device, batch)
        for name, file in encoder_files(session.modalities).items()
    }
    fused = _open(fusion, session.ports, widths, device, batch)
    return SplitTensors(encoders, fused, {name: sizes[names[name]] for name in session.modalities})


def _open(
    session: Any,  # noqa: ANN401 - onnxruntime has no types
    ports: Sequence[Port],
    widths: Mapping[str, int],
    device: torch.device,
    batch: int | None,
) -> TensorGraph:
    if batch is None:
        return BoundGraph(session)
    shapes = {port.name: port.shape for port in ports}
    inputs = {}
    for port in session.get_inputs():
        kind = torch.int64 if port.type == "tensor(int64)" else torch.float32
        if port.name in shapes:
            inputs[port.name] = torch.zeros(batch, *shapes[port.name], dtype=kind, device=device)
        else:
            # A length or a presence of 0 could be divided by.
            inputs[port.name] = torch.ones(batch, *port.shape[1:], dtype=kind, device=device)
    outputs = {name: torch.empty(batch, width, device=device) for name, width in widths.items()}
    return FixedGraph(session, inputs, outputs)
