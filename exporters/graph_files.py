"""An artefact's graphs as the content of its files, and back."""

from collections.abc import Mapping

import attrs
import onnx

from ..framework.files.hashes import sha256
from . import artefact
from .artefact import ArtefactConfig
from .execution import Execution
from .opened_graphs import ArrayGraphs, open_graphs
from .runtime import ArrayMemory, Runtime


def serialise(graphs: Mapping[str, onnx.ModelProto], config: ArtefactConfig) -> tuple[dict[str, bytes], ArtefactConfig]:
    """Content of the files, of which the main one holds the configuration, and with it the hashes of the others.

    Args:
        graphs: by file.
        config: of the artefact; what is returned has the hashes.
    """
    main = config.main_file
    files: dict[str, bytes] = {
        name: graph.SerializeToString(deterministic=True) for name, graph in graphs.items() if name != main
    }
    config = attrs.evolve(config, files={name: sha256(content) for name, content in files.items()})
    graphs[main].metadata_props.add(key=artefact.METADATA_KEY, value=artefact.to_json(config.to_document()))
    files[main] = graphs[main].SerializeToString(deterministic=True)
    graphs[main].ClearField("metadata_props")  # Graphs may be components, which another artefact is made of.
    return files, config


def open_files(files: Mapping[str, bytes], config: ArtefactConfig, runtime: Runtime | None = None) -> ArrayGraphs:
    """Make an artefact ready to run that was not written yet.

    Args:
        files: their content.
        config: of the artefact.
        runtime: what opens them; ONNX Runtime on the CPU where None.

    Raises:
        ExportError: if the runtime cannot open them.
    """
    name, runtime = "the exported graph", runtime or Execution().runtime
    opened = open_graphs(runtime(files[config.main_file], name), config, files.__getitem__, runtime, name)
    return opened.connect(opened.files, ArrayMemory())
