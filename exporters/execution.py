"""Runs the graphs of an artefact, whatever its form. Imports no torch."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..framework.errors import ExportError
from .artefact import FEATURES, FUSION_FILE, LENGTH, MODEL_FILE, PRESENT, ArtefactConfig
from .file_names import encoder_files
from .options import Execution
from .providers import open_session
from .wiring import check_wiring

Feed = Mapping[str, NDArray[Any]]
"""All inputs of the artefact by name, checked."""


class Graphs(ABC):
    """What an artefact computes. Several threads may use it at the same time.

    Attributes:
        inputs: ONNX Runtime's description of the inputs.
        outputs: that of the outputs.
        sessions: of the graphs, by their files.
    """

    inputs: Sequence[Any]
    outputs: Sequence[Any]
    sessions: Mapping[str, Any]

    @abstractmethod
    def run(self, feed: Feed) -> list[NDArray[np.float32]]:
        """The outputs, in their order."""


class WholeGraph(Graphs):
    """One graph.

    Args:
        session: of `model.onnx`.
    """

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
        self._session = session
        self.sessions = {MODEL_FILE: session}
        self.inputs, self.outputs = session.get_inputs(), session.get_outputs()
        self._names = [output.name for output in self.outputs]

    def run(self, feed: Feed) -> list[NDArray[np.float32]]:
        """The outputs, in their order."""
        found: list[NDArray[np.float32]] = self._session.run(self._names, dict(feed))
        return found


class SplitGraphs(Graphs):
    """A graph for each encoder, which runs on the rows that have its modality, and one for the fusion.

    Args:
        encoders: sessions by modality, in the order of the columns of `present`.
        fusion: session of `fusion.onnx`.

    Raises:
        ExportError: if the fusion does not take what the encoders give, or these take something else.
    """

    def __init__(self, encoders: Mapping[str, Any], fusion: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
        self._encoders, self._fusion = encoders, fusion
        files = encoder_files(tuple(encoders))
        self.sessions = {**{files[name]: session for name, session in encoders.items()}, FUSION_FILE: fusion}
        self._widths = check_wiring(encoders, fusion)
        ports = {port.name: port for session in encoders.values() for port in session.get_inputs()}
        lengths = [port for name, port in ports.items() if name not in encoders]
        self.inputs = [*(ports[name] for name in encoders), fusion.get_inputs()[-1], *lengths]
        self.outputs = fusion.get_outputs()
        self._names = [output.name for output in self.outputs]

    def run(self, feed: Feed) -> list[NDArray[np.float32]]:
        """The outputs, in their order."""
        present = feed[PRESENT] > 0.5
        features = {
            FEATURES.format(modality=name): self._encode(name, feed, present[:, column])
            for column, name in enumerate(self._encoders)
        }
        found: list[NDArray[np.float32]] = self._fusion.run(self._names, {**features, PRESENT: feed[PRESENT]})
        return found

    def _encode(self, modality: str, feed: Feed, present: NDArray[np.bool_]) -> NDArray[np.float32]:
        own = {name: feed[name] for name in (modality, LENGTH.format(modality=modality)) if name in feed}
        if present.all():
            return self._run(modality, own)
        features = np.zeros((len(present), self._widths[modality]), np.float32)
        if present.any():
            features[present] = self._run(modality, {name: values[present] for name, values in own.items()})
        return features

    def _run(self, modality: str, inputs: Feed) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self._encoders[modality].run(None, dict(inputs))[0]
        return found


def open_graphs(
    main: Any,  # noqa: ANN401 - onnxruntime has no types
    config: ArtefactConfig,
    read: Callable[[str], bytes],
    execution: Execution | str,
    name: str,
) -> Graphs:
    """Make an artefact ready to run.

    Args:
        main: session of its main file.
        config: what it says of itself.
        read: gives the content of another of its files, by its path in the artefact.
        execution: how to run the encoders; a provider's name for that provider as it is.
        name: what errors call the artefact.

    Raises:
        ExportError: if a file cannot be opened, or does not fit the others.
    """
    if config.form != "split":
        return WholeGraph(main)
    encoders = {}
    for modality, path in encoder_files(config.schema.modalities).items():
        encoders[modality] = open_session(read(path), execution, f"{name}: {path}")
    try:
        return SplitGraphs(encoders, main)
    except ExportError as error:
        raise ExportError(f"{name}: {error}") from error
