"""An artefact's graphs: opened, compared with each other and its configuration, and at work."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.errors import ExportError
from .artefact import FUSION_FILE, MODEL_FILE, ArtefactConfig
from .ports import Port, make_ports
from .runtime import Graph, Memory, Runnable, Runtime, TensorSpec, Values


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


ArrayGraphs: TypeAlias = Graphs[NDArray[Any]]
"""What an artefact computes on arrays of numpy."""


@attrs.frozen(eq=False)
class OpenedGraphs:
    """The graphs of an artefact.

    Args:
        config: What the artefact says of itself.
        files: The graphs by their files.
        widths: How many features each encoder of a split artefact gives, by modality.
        ports: What each modality's input must be.
    """

    config: ArtefactConfig
    files: Mapping[str, Graph]
    widths: Mapping[str, int]
    ports: Sequence[Port]

    @property
    def main(self) -> Graph:
        """The one that gives the outputs."""
        return self.files[self.config.main_file]

    def connect(self, graphs: Mapping[str, Runnable[Values]], memory: Memory[Values]) -> Graphs[Values]:
        """Make them ready to run.

        Args:
            graphs: `files` themselves, or what runs them on another memory.
            memory: Where batches lie.
        """
        if self.config.form != "split":
            return WholeGraph(graphs[MODEL_FILE], self.ports, memory)
        from .file_names import encoder_files
        from .split_graphs import SplitGraphs

        paths = encoder_files(self.config.schema.modalities)
        encoders = {modality: graphs[path] for modality, path in paths.items()}
        return SplitGraphs(encoders, graphs[FUSION_FILE], self.widths, memory)


def open_graphs(
    main: Graph, config: ArtefactConfig, read: Callable[[str], bytes], runtime: Runtime, name: str
) -> OpenedGraphs:
    """Open the other files of an artefact.

    Args:
        main: The graph of its main file.
        config: What it says of itself.
        read: Gives the content of another of its files, by its path in the artefact.
        runtime: What opens them.
        name: What errors call the artefact.

    Raises:
        ExportError: if a file cannot be opened, or does not fit the others or the configuration.
    """
    ports = make_ports(config)
    if config.form != "split":
        _check_interface(main.inputs, main.outputs, config, ports, name)
        return OpenedGraphs(config, {MODEL_FILE: main}, {}, ports)
    # Late: most artefacts are one graph.
    from .file_names import encoder_files
    from .split_graphs import check_split, split_inputs

    paths = encoder_files(config.schema.modalities)
    encoders = {modality: runtime(read(path), f"{name}: {path}") for modality, path in paths.items()}
    try:
        widths = check_split(encoders, main)
    except ExportError as error:
        raise ExportError(f"{name}: {error}") from error
    _check_interface(split_inputs(encoders, main), main.outputs, config, ports, name)
    files = {**{paths[modality]: encoder for modality, encoder in encoders.items()}, FUSION_FILE: main}
    return OpenedGraphs(config, files, widths, ports)


def _check_interface(
    inputs: Sequence[TensorSpec],
    outputs: Sequence[TensorSpec],
    config: ArtefactConfig,
    ports: Sequence[Port],
    name: str,
) -> None:
    taken, given = tuple(port.name for port in inputs), tuple(port.name for port in outputs)
    described = tuple(output for names in config.outputs.values() for output in names.values())
    if (taken, given) != (config.inputs, described):
        raise ExportError(
            f"{name}: the graph takes {taken} and gives {given}, "
            f"but its configuration says {config.inputs} and {described}."
        )
    try:
        for port, spec in zip(ports, inputs, strict=False):
            port.check_graph(spec)
    except ExportError as error:
        raise ExportError(f"{name}: {error}") from error
