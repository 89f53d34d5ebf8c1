"""Ways to run one model on a batch: torch's, and sessions on artefacts of every form and precision."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, cast

import numpy as np
import torch
from acclimate.exporters import Session
from acclimate.exporters.artefact import output_names
from acclimate.exporters.components import EncoderComponent, FusionComponent
from acclimate.exporters.runtime import Graph
from acclimate.framework import Encoder, MultimodalModel
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.layout import JOINT
from acclimate.framework.port_names import FEATURES, LENGTH, PRESENT
from numpy.typing import NDArray
from torch import Tensor, nn

Run: TypeAlias = Callable[[], NDArray[np.float32]]
"""Runs a batch once, and gives the joint logits, or what else is computed."""


class Candidate(ABC):
    """A way to run the model.

    Args:
        name: stands in the report.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def open(self, rows: Arrays) -> Run:
        """Make ready to run these rows: tensors are made here, which favours torch."""


class Eager(Candidate):
    """torch as it is.

    Args:
        name: stands in the report.
        model: in evaluation mode.
        guard: `torch.no_grad` or `torch.inference_mode`.
        channels_last: whether maps and weights of convolutions have their channels last; takes a copy of the model.
    """

    def __init__(
        self,
        name: str,
        model: MultimodalModel,
        guard: Callable[[], Any] = torch.no_grad,
        *,
        channels_last: bool = False,
    ) -> None:
        super().__init__(name)
        self._guard = guard
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._model = copy.deepcopy(model).to(memory_format=self._format) if channels_last else model
        self._task = model.tasks[0].name

    def open(self, rows: Arrays) -> Run:
        """Make tensors."""
        inputs, lengths = to_tensors(rows, self._format)
        present = torch.from_numpy(rows.present)

        def run() -> NDArray[np.float32]:
            with self._guard():
                logits: Tensor = self._model(inputs, present, "target", lengths).logits[self._task][JOINT]
                return logits.numpy()

        return run


class Encoders(nn.Module):
    """All encoders on rows that have all modalities, without a branch, as compilers want it.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: MultimodalModel) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict(
            {
                name: EncoderComponent(cast("Encoder", part), unit_norm=model.unit_norm)
                for name, part in model.encoders.items()
            }
        )
        self.told = [name for name, part in model.encoders.items() if cast("Encoder", part).time_axis is not None]

    def forward(self, inputs: Mapping[str, Tensor], lengths: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Features by modality."""
        return {
            name: part(inputs[name], lengths[name]) if name in self.told else part(inputs[name])
            for name, part in self.encoders.items()
        }


class Compiled(Candidate):
    """`torch.compile` with its default backend, for one shape.

    The encoders are compiled as one graph. Heads and fusion, small operators inside of classes that the compiler cannot
    trace, run as they are.

    Args:
        name: stands in the report.
        model: in evaluation mode.
        freezing: whether weights become constants, with channels last.
    """

    def __init__(self, name: str, model: MultimodalModel, *, freezing: bool = False) -> None:
        super().__init__(name)
        self._format = torch.channels_last if freezing else torch.contiguous_format
        own = copy.deepcopy(model).to(memory_format=self._format)
        self._encoders = Encoders(own).eval()
        self._fusion = FusionComponent(own, output_names(own.tasks, own.modalities)).eval()
        self._options: dict[str, Any] = {"freezing": True} if freezing else {}

    def open(self, rows: Arrays) -> Run:
        """Make tensors, and compile."""
        inputs, lengths = to_tensors(rows, self._format)
        present = torch.from_numpy(rows.present.astype(np.float32))
        compiled = torch.compile(self._encoders, dynamic=False, options=self._options)

        def run() -> NDArray[np.float32]:
            with torch.no_grad():  # Freezing does nothing under inference_mode.
                logits: Tensor = self._fusion(compiled(inputs, lengths), present)[0]
                return logits.numpy()

        run()
        return run


class InSession(Candidate):
    """An artefact of ours, as a user runs it: with all that the session checks.

    Args:
        name: stands in the report.
        session: the artefact.
    """

    def __init__(self, name: str, session: Session) -> None:
        super().__init__(name)
        self._session = session

    def open(self, rows: Arrays) -> Run:
        """Leave out the modalities that no row has."""
        used = [name for column, name in enumerate(self._session.modalities) if rows.present[:, column].any()]
        inputs = {name: rows.inputs[name] for name in used}
        joint = next(iter(self._session.outputs.values()))[JOINT]
        return lambda: self._session.run(inputs, rows.present, rows.lengths)[joint]


class OneGraph(Candidate):
    """An encoder's graph or the fusion's, with nothing around it.

    Args:
        name: stands in the report.
        graph: That of one file of a split artefact, opened.
    """

    def __init__(self, name: str, graph: Graph) -> None:
        super().__init__(name)
        self._graph = graph

    def open(self, rows: Arrays) -> Run:
        """Feed what it takes: features are random."""
        generator = np.random.default_rng(0)
        known: dict[str, NDArray[Any]] = {PRESENT: rows.present.astype(np.float32), **rows.inputs}
        known |= {LENGTH.format(modality=name): values for name, values in rows.lengths.items()}
        for port in self._graph.inputs:
            if port.name in {FEATURES.format(modality=name) for name in rows.inputs}:
                known[port.name] = generator.standard_normal((len(rows), port.shape[1] or 0), dtype=np.float32)
        feed = {port.name: known[port.name] for port in self._graph.inputs}

        def run() -> NDArray[np.float32]:
            first: NDArray[np.float32] = self._graph.run(feed)[0]
            return first

        return run


def to_tensors(rows: Arrays, memory_format: torch.memory_format) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Inputs and lengths by modality; images in this format."""
    inputs = {name: torch.from_numpy(values) for name, values in rows.inputs.items()}
    inputs |= {
        name: values.contiguous(memory_format=memory_format) for name, values in inputs.items() if values.ndim == 4
    }
    return inputs, {name: torch.from_numpy(values) for name, values in rows.lengths.items()}
