"""Opens the graphs of an artefact, and checks that they fit each other and its configuration."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from ..framework.errors import ExportError
from ..framework.port_names import FEATURES, LENGTH, PRESENT
from .artefact import FUSION_FILE, MODEL_FILE, ArtefactConfig
from .file_names import encoder_files
from .graphs import Graphs, Memory, Runnable, SplitGraphs, Values, WholeGraph
from .ports import Port, make_ports
from .runtime import Graph, Runtime, TensorSpec


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
    paths = encoder_files(config.schema.modalities)
    encoders = {modality: runtime(read(path), f"{name}: {path}") for modality, path in paths.items()}
    try:
        widths = _check_split(encoders, main)
    except ExportError as error:
        raise ExportError(f"{name}: {error}") from error
    _check_interface(_split_inputs(encoders, main), main.outputs, config, ports, name)
    files = {**{paths[modality]: encoder for modality, encoder in encoders.items()}, FUSION_FILE: main}
    return OpenedGraphs(config, files, widths, ports)


def _check_split(encoders: Mapping[str, Graph], fusion: Graph) -> dict[str, int]:
    """Compare what each encoder takes and gives, and what the fusion takes, with their names.

    Args:
        encoders: The encoders' graphs by modality, in the order of the columns of `present`.
        fusion: The fusion's graph.

    Returns:
        The number of features, by modality.

    Raises:
        ExportError: naming the graph that does not fit.
    """
    taken, present = [*encoders], [port.name for port in fusion.inputs]
    wanted = [*(FEATURES.format(modality=name) for name in taken), PRESENT]
    if present != wanted:
        raise ExportError(f"the fusion takes {present}, but should {wanted}.")
    widths = {}
    for port, (name, encoder) in zip(fusion.inputs, encoders.items(), strict=False):
        inputs = [given.name for given in encoder.inputs]
        if inputs not in ([name], [name, LENGTH.format(modality=name)]):
            raise ExportError(f"the encoder of {name} takes {inputs}, but should take {name}.")
        outputs = [(given.name, given.dtype.__name__, given.shape[1:]) for given in encoder.outputs]
        width = port.shape[1] if len(port.shape) == 2 else None
        if not isinstance(width, int) or outputs != [(port.name, "float32", (width,))]:
            raise ExportError(
                f"the encoder of {name} gives {outputs}, but the fusion takes {port.name} of shape {port.shape}."
            )
        widths[name] = width
    return widths


def _split_inputs(encoders: Mapping[str, Graph], fusion: Graph) -> list[TensorSpec]:
    """Inputs of all graphs, in an artefact's order: modalities, `present`, lengths."""
    given = {port.name: port for encoder in encoders.values() for port in encoder.inputs}
    lengths = [port for name, port in given.items() if name not in encoders]
    return [*(given[name] for name in encoders), fusion.inputs[-1], *lengths]


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
