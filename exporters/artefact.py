"""What an artefact is on disk: a folder with model.onnx, and config.json beside it. Imports no torch."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

import attrs

from ..framework.data.schema import Schema
from ..framework.errors import AcclimateError, ExportError
from ..framework.layout import JOINT, Task

MODEL_FILE: Final = "model.onnx"
CONFIG_FILE: Final = "config.json"

METADATA_KEY: Final = "acclimate.config"
"""Where model.onnx itself holds the configuration, so that the bare file can be used."""

PRESENT: Final = "present"
"""Name of the graph's input that says which modalities each row has."""

LENGTH: Final = "{modality}_length"
"""Name of the graph's input that says how many steps of each row are its own."""

FORMAT: Final = 1


@attrs.frozen(kw_only=True)
class ArtefactConfig:
    """What a program must know to use the graph.

    Args:
        schema: modalities with their preprocessing, and tasks with their classes.
        opset: version of the ONNX operators.
        recipe: name of the method that trained the model, where known.
        versions: of the packages that made the file.
        metadata: whatever the user adds, as JSON values.
        lengths: the modalities whose encoders are told how long each row is.
    """

    schema: Schema
    opset: int
    recipe: str | None
    versions: Mapping[str, str]
    metadata: Mapping[str, object]
    lengths: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the graph's inputs, in its order."""
        return (*self.schema.modalities, PRESENT, *(LENGTH.format(modality=name) for name in self.lengths))

    @property
    def outputs(self) -> dict[str, dict[str, str]]:
        """Names of the graph's outputs by task, then by modality and `JOINT`, in its order."""
        return output_names(self.schema.tasks, self.schema.modalities, self.inputs)

    def to_document(self) -> dict[str, Any]:
        """The configuration as JSON values.

        Raises:
            ExportError: if `metadata` holds something else.
        """
        document = {
            "format": FORMAT,
            "modalities": self.schema.modalities,
            "labels": {task.name: task.classes for task in self.schema.tasks},
            "inputs": self.inputs,
            "lengths": self.lengths,
            "outputs": self.outputs,
            "schema": self.schema.to_config(),
            "opset": self.opset,
            "recipe": self.recipe,
            "versions": dict(self.versions),
            "metadata": dict(self.metadata),
        }
        try:
            plain: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ExportError(f"metadata must hold JSON values, but got one that is none: {error}") from error
        return plain

    @classmethod
    def from_document(cls, document: Mapping[str, Any], name: str) -> Self:
        """Read what `to_document` wrote; a hash beside it is left out.

        Args:
            document: JSON values.
            name: what errors call it.

        Raises:
            ExportError: if it is no configuration of an artefact, or one of a later format.
        """
        if "format" not in document or "schema" not in document:
            raise ExportError(f"{name} is no configuration of an acclimate artefact: it has no format and schema.")
        if document["format"] != FORMAT:
            raise ExportError(
                f"{name} has format {document['format']!r}, but this version of acclimate reads {FORMAT}."
            )
        try:
            return cls(
                schema=Schema.from_config(document["schema"]),
                opset=document["opset"],
                recipe=document["recipe"],
                versions=document["versions"],
                metadata=document["metadata"],
                lengths=tuple(document["lengths"]),
            )
        except (AcclimateError, KeyError, TypeError, AttributeError) as error:
            reason = error if isinstance(error, AcclimateError) else repr(error)
            raise ExportError(f"{name} is no configuration of an acclimate artefact: {reason}") from error


def output_names(
    tasks: Sequence[Task], modalities: Sequence[str], inputs: Sequence[str] = ()
) -> dict[str, dict[str, str]]:
    """Names of the graph's outputs by task, then by modality and `JOINT`.

    Args:
        tasks: what is predicted.
        modalities: sorted.
        inputs: names of the graph's inputs.

    Raises:
        ExportError: if two inputs or outputs would have one name.

    Example:
        >>> output_names([Task("digit", ("0", "1"))], ["audio"])
        {'digit': {'joint': 'logits', 'audio': 'audio_logits'}}
        >>> output_names([Task("noun"), Task("verb")], ["audio"])["verb"]
        {'joint': 'verb_logits', 'audio': 'verb_audio_logits'}
    """
    names: dict[str, dict[str, str]] = {}
    for task in tasks:
        stem = "" if len(tasks) == 1 else f"{task.name}_"
        names[task.name] = {JOINT: f"{stem}logits"} | {name: f"{stem}{name}_logits" for name in modalities}
    seen: set[str] = set()
    for name in (*inputs, *(name for by_modality in names.values() for name in by_modality.values())):
        if name in seen or not name:
            raise ExportError(f"the graph's inputs and outputs need names of their own, but {name!r} would name two.")
        seen.add(name)
    return names


def model_path(path: str | os.PathLike[str]) -> Path:
    """The model's file, where `path` is that file or the folder that holds it."""
    found = Path(path)
    return found if found.suffix == ".onnx" and not found.is_dir() else found / MODEL_FILE


def to_json(document: Mapping[str, Any]) -> str:
    """JSON on one line, as the model's metadata hold it."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def write_artefact(folder: Path, model: bytes, document: Mapping[str, Any]) -> None:
    """Write both files, so that whatever happens the folder holds an artefact that loads, or what it held before.

    Raises:
        ExportError: if they cannot be written.
    """
    text = json.dumps({**document, "sha256": sha256(model)}, indent=2, ensure_ascii=False) + "\n"
    suffix = f".{uuid4().hex}.tmp"
    written = {folder / MODEL_FILE: model, folder / CONFIG_FILE: text.encode()}
    temporary = {target: target.with_name(target.name + suffix) for target in written}
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, content in written.items():
            _write_through(temporary[target], content)
        # Between the steps, the model's own metadata stand in for a config.json that is not there.
        (folder / CONFIG_FILE).unlink(missing_ok=True)
        for target in written:
            temporary[target].replace(target)
    except OSError as error:
        for left in temporary.values():
            left.unlink(missing_ok=True)
        if is_new and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        raise ExportError(f"{folder}: the artefact cannot be written: {error.strerror}.") from error


def read_artefact(path: str | os.PathLike[str]) -> tuple[bytes, dict[str, Any] | None]:
    """Read a model's bytes, and the configuration beside it where there is one.

    Raises:
        ExportError: if there is no model, or its bytes are not those that the configuration describes.
    """
    file = model_path(path)
    config = file.with_name(CONFIG_FILE)
    try:
        model = file.read_bytes()
        text = config.read_text("utf-8") if config.is_file() else None
    except OSError as error:
        raise ExportError(f"{path} holds no artefact that can be read: {error.strerror}: {error.filename}.") from error
    except UnicodeDecodeError as error:
        raise ExportError(f"{config} is damaged: it is not UTF-8.") from error
    if text is None:
        return model, None
    return model, _check_hash(model, _parse(text, config), file, config)


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _parse(text: str, config: Path) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ExportError(f"{config} is damaged: {error}.") from error
    if not isinstance(document, dict) or "sha256" not in document:
        raise ExportError(f"{config} is no configuration of an acclimate artefact: it has no sha256.")
    return document


def _check_hash(model: bytes, document: dict[str, Any], file: Path, config: Path) -> dict[str, Any]:
    expected, found = document.pop("sha256"), sha256(model)
    if found != expected:
        raise ExportError(
            f"{file} is damaged or was altered: its {len(model)} bytes have the SHA-256 {found}, "
            f"but {config.name} says {expected}."
        )
    return document


def _write_through(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
