"""An artefact written again with input maps before its encoders: no torch, and no weight changes."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from ..framework.data.arrays import Arrays
from ..framework.errors import ExportError
from ..framework.files.hashes import sha256
from ..framework.maps import FoundMaps
from ..framework.port_names import LENGTH
from .agreement import predict
from .artefact import ArtefactConfig
from .artefact_folder import read_artefact, write_artefact
from .file_names import encoder_files
from .session import read_config

if TYPE_CHECKING:
    import onnx

MAPPED_KEY: Final = "input_maps"
"""Where an artefact's metadata say what was found, and in which artefact."""

_TOLERANCE: Final = {"float32": 1e-3, "bfloat16": 1e-3, "float16": 0.02, "int8": 0.1}
"""Of the largest logit: by which the new graphs may differ from the old ones on inputs that were mapped before."""


def map_artefact(
    path: str | os.PathLike[str], found: FoundMaps, out: str | os.PathLike[str], rows: Arrays
) -> ArtefactConfig:
    """Write an artefact again whose graphs map their inputs, and check it before anyone can see it.

    Graphs of every form and precision are changed in the same way: what took a modality's input takes what the map
    makes of it. The artefact's hashes, schema and metadata say so.

    Args:
        path: Folder of the artefact.
        found: What to put before its encoders.
        out: Folder of the new one.
        rows: On which the new graphs, given inputs as they are, must say what the old ones say of mapped inputs.

    Returns:
        What the new artefact takes and gives.

    Raises:
        ExportError: if there is no artefact, the package onnx is missing, the graphs disagree, or a file cannot be
            written.

    Example:
        >>> from importlib.resources import files
        >>> from tempfile import mkdtemp
        >>> from acclimate.exporters import Session
        >>> from acclimate.framework.data.input_maps import Flip
        >>> folder = files("acclimate.zoo") / "checkpoints/source-only.wrist"
        >>> found = FoundMaps({"gyroscope": Flip("backwards", axis=1)}, (), {}, {}, rows=0)
        >>> rows = Arrays(
        ...     inputs={name: np.ones((2, 3, 100), np.float32) for name in ("accelerometer", "gyroscope")},
        ...     present=np.ones((2, 2), bool),
        ...     labels=None,
        ...     ids=("a", "b"),
        ...     domains=("left", "left"),
        ...     index=np.arange(2),
        ...     lengths={},
        ... )
        >>> mapped = map_artefact(folder, found, Path(mkdtemp()) / "mapped", rows)
        >>> {name: one.name for name, one in mapped.schema.maps.items()}
        {'gyroscope': 'backwards'}
    """
    check_onnx()
    from .graph_files import serialise

    config, out = read_config(path), Path(out)
    if out.resolve() == Path(path).resolve():
        raise ExportError(f"{out} holds the artefact that is mapped: give another folder.")
    stored = read_artefact(path)
    files = {name: stored.read(name, config) for name in config.files} | {config.main_file: stored.content}
    graphs = {name: _parse(content, name) for name, content in files.items()}
    _put_maps(graphs, found, config)
    note = {**found.to_json(), "artefact": sha256(stored.content)}
    mapped = attrs.evolve(config, schema=found.added_to(config.schema), metadata={**config.metadata, MAPPED_KEY: note})
    for graph in graphs.values():
        graph.ClearField("metadata_props")
    written, mapped = serialise(graphs, mapped)
    _check(files, written, found, rows, config=config, mapped=mapped)
    write_artefact(out, written, mapped.to_document())
    return mapped


def check_onnx() -> None:
    """Raise ExportError if the package onnx is missing, without which no graph is changed."""
    if find_spec("onnx") is None:
        raise ExportError("mapping an artefact needs the package onnx: pip install 'acclimate[map]'")


def _parse(content: bytes, name: str) -> "onnx.ModelProto":
    import onnx

    try:
        return onnx.load_from_string(content)
    except Exception as error:  # Protobuf has an error of its own for each of its forms.
        raise ExportError(f"{name} is no graph that onnx can read: {type(error).__name__}.") from error


def _put_maps(graphs: "dict[str, onnx.ModelProto]", found: FoundMaps, config: ArtefactConfig) -> None:
    from .input_map_nodes import put_map

    split = encoder_files(config.schema.modalities) if config.form == "split" else {}
    for name, one in found.maps.items():
        graph = graphs[split.get(name, config.main_file)]
        put_map(graph, name, one, LENGTH.format(modality=name) if name in config.lengths else None)


def _check(
    before: dict[str, bytes],
    after: dict[str, bytes],
    found: FoundMaps,
    rows: Arrays,
    *,
    config: ArtefactConfig,
    mapped: ArtefactConfig,
) -> None:
    """Refuse graphs that do not map as numpy does."""
    from .graph_files import open_files

    inputs = {
        name: found.maps[name](values, rows.lengths.get(name) if name in config.lengths else None)
        if name in found.maps
        else values
        for name, values in rows.inputs.items()
    }
    expected = predict(open_files(before, config), attrs.evolve(rows, inputs=inputs), config)
    given = predict(open_files(after, mapped), rows, mapped)
    for task, by_modality in expected.items():
        for name, values in by_modality.items():
            difference = float(np.abs(given[task][name] - values).max())
            if not difference <= _TOLERANCE[config.precision] * max(1.0, float(np.abs(values).max())):
                raise ExportError(f"the mapped graph is refused: its {task} of {name} is off by {difference:.2g}.")
