"""What an artefact is on disk: a folder with one or several graphs, and config.json beside them. Imports no torch."""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeAlias, get_args
from uuid import uuid4

import attrs

from ..framework.data.schema import Schema
from ..framework.errors import AcclimateError, ExportError
from ..framework.layout import JOINT, Task
from .documents import check_fields, parse_document
from .file_names import ENCODER_FOLDER, can_name_a_file, encoder_files

Form: TypeAlias = Literal["mask", "branch", "split"]
"""What becomes of encoders whose modality is absent: they run all the same, lie in an `If`, or are own files."""

Precision: TypeAlias = Literal["float32", "float16", "int8"]
"""What the encoders compute in."""

MODEL_FILE: Final = "model.onnx"
FUSION_FILE: Final = "fusion.onnx"
CONFIG_FILE: Final = "config.json"

METADATA_KEY: Final = "acclimate.config"
"""Where the main graph itself holds the configuration, so that it can be used without the file beside it."""

CHECKPOINT_KEY: Final = "checkpoint"
"""Where config.json says how the model was trained, in a checkpoint of the zoo; the graph does not repeat that."""

PRESENT: Final = "present"
"""Name of the graph's input that says which modalities each row has."""

LENGTH: Final = "{modality}_length"
"""Name of the graph's input that says how many steps of each row are its own."""

FEATURES: Final = "{modality}_features"
"""Name of what an encoder gives, and of the fusion's input."""

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
        form: of the graphs, see `forms.assemble`.
        precision: what the encoders compute in.
        files: SHA-256 of all files but the main one and config.json, by path in the folder.
    """

    schema: Schema
    opset: int
    recipe: str | None
    versions: Mapping[str, str]
    metadata: Mapping[str, object]
    lengths: tuple[str, ...] = ()
    form: Form = "mask"
    precision: Precision = "float32"
    files: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def main_file(self) -> str:
        """The graph that holds the configuration, and gives the outputs."""
        return FUSION_FILE if self.form == "split" else MODEL_FILE

    @property
    def features(self) -> tuple[str, ...]:
        """Names of what the encoders give, by modality."""
        return tuple(FEATURES.format(modality=name) for name in self.schema.modalities)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the graph's inputs, in its order."""
        return (*self.schema.modalities, PRESENT, *(LENGTH.format(modality=name) for name in self.lengths))

    @property
    def outputs(self) -> dict[str, dict[str, str]]:
        """Names of the graph's outputs by task, then by modality and `JOINT`, in its order."""
        return output_names(self.schema.tasks, self.schema.modalities, (*self.inputs, *self.features))

    def to_document(self) -> dict[str, Any]:
        """The configuration as JSON values.

        Raises:
            ExportError: if `metadata` holds something else, or modalities and tasks have names that cannot be.
        """
        self.check_names()
        document = {
            "format": FORMAT,
            "modalities": self.schema.modalities,
            "labels": {task.name: task.classes for task in self.schema.tasks},
            "inputs": self.inputs,
            "lengths": self.lengths,
            "outputs": self.outputs,
            "schema": self.schema.to_config(),
            "opset": self.opset,
            "form": self.form,
            "precision": self.precision,
            "files": dict(self.files),
            "recipe": self.recipe,
            "versions": dict(self.versions),
            "metadata": dict(self.metadata),
        }
        try:
            plain: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ExportError(f"metadata must hold JSON values, but got one that is none: {error}") from error
        return plain

    def check_names(self) -> None:
        """Check that files, inputs and outputs have names of their own.

        Raises:
            ExportError: if they have not, or a name could lead out of the artefact's folder.
        """
        _ = self.outputs
        if self.form == "split":
            encoder_files(self.schema.modalities)
        told = {name for name, part in self.schema.preprocessing.items() if part.time_axis is not None}
        for name in self.lengths:
            if name not in told:
                raise ExportError(f"lengths must be of modalities whose rows differ in length, but got {name!r}.")

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
            for key, kinds in (("form", Form), ("precision", Precision)):
                if document.get(key) not in get_args(kinds):
                    known = ", ".join(get_args(kinds))
                    raise ExportError(f"its {key} must be {known}, but got {document.get(key)!r:.60}.")
            check_fields(document)
            config = cls(
                schema=Schema.from_config(document["schema"]),
                opset=document["opset"],
                recipe=document["recipe"],
                versions=document["versions"],
                metadata=document["metadata"],
                lengths=tuple(document["lengths"]),
                form=document["form"],
                precision=document["precision"],
                files=dict(document["files"]),
            )
            config.check_names()
        except (AcclimateError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
            reason = error if isinstance(error, AcclimateError) else repr(error)
            raise ExportError(f"{name} is no configuration of an acclimate artefact: {reason}") from error
        return config


def output_names(
    tasks: Sequence[Task], modalities: Sequence[str], inputs: Sequence[str] = ()
) -> dict[str, dict[str, str]]:
    """Names of the graph's outputs by task, then by modality and `JOINT`.

    Args:
        tasks: what is predicted.
        modalities: sorted.
        inputs: names of what else the graphs take and give.

    Raises:
        ExportError: if two inputs or outputs would have one name, or one that no file could have.

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
        if not can_name_a_file(name):
            raise ExportError(f"the graph's inputs and outputs name files, but {name!r} cannot be the name of one.")
        seen.add(name)
    return names


def model_path(path: str | os.PathLike[str]) -> Path:
    """The main graph's file, where `path` is that file or the folder that holds it."""
    found = Path(path)
    if found.suffix == ".onnx" and not found.is_dir():
        return found
    split = found / FUSION_FILE
    return split if split.is_file() and not (found / MODEL_FILE).exists() else found / MODEL_FILE


def to_json(document: Mapping[str, Any]) -> str:
    """JSON on one line, as the model's metadata hold it."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def write_artefact(folder: Path, files: Mapping[str, bytes], document: Mapping[str, Any]) -> None:
    """Write all files, so that whatever happens the folder holds an artefact that loads, or what it held before.

    The one exception: where a split artefact replaces another and the process is killed between two files, the mixture
    is refused by its hashes.

    Args:
        folder: is made where it does not exist.
        files: the graphs, by path in the folder; the main one is the last.
        document: the configuration.

    Raises:
        ExportError: if they cannot be written, or the folder holds a foreign graph that would be taken for them.
    """
    main = list(files)[-1]
    text = json.dumps({**document, "sha256": sha256(files[main])}, indent=2, ensure_ascii=False) + "\n"
    suffix = f".{uuid4().hex}.tmp"
    written = {folder / name: content for name, content in files.items()} | {folder / CONFIG_FILE: text.encode()}
    temporary = {target: target.with_name(target.name + suffix) for target in written}
    is_new = not folder.exists()
    try:
        stale = _find_stale(folder, written)
        for target, content in written.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_through(temporary[target], content)
        # Between the steps, the main graph's own metadata stand in for a config.json that is not there.
        (folder / CONFIG_FILE).unlink(missing_ok=True)
        for target in list(written)[:-1]:
            temporary[target].replace(target)
        for file in stale:
            file.unlink()
        temporary[folder / CONFIG_FILE].replace(folder / CONFIG_FILE)
    except OSError as error:
        raise ExportError(f"{folder}: the artefact cannot be written: {error.strerror}.") from error
    finally:
        for left in temporary.values():
            with contextlib.suppress(OSError):  # It is in its place, or was never made.
                left.unlink()
        _remove_empty([folder / ENCODER_FOLDER, *([folder] if is_new else [])])


def _find_stale(folder: Path, written: Collection[Path]) -> list[Path]:
    """Graphs of the artefact that lies there which the new one does not replace; all other files are the user's.

    Raises:
        ExportError: if one of the user's would be taken for the new artefact's main graph.
    """
    graphs = [path for name in (MODEL_FILE, FUSION_FILE) if (path := folder / name).is_file()]
    own = {path for path in graphs if METADATA_KEY.encode() in path.read_bytes()}
    foreign = [path for path in graphs if path not in own and path not in written and path.name == MODEL_FILE]
    if foreign:
        raise ExportError(f"{foreign[0]} is no graph of acclimate, but would be taken for one: choose another folder.")
    listed = {folder / name for name in _list_encoders(folder)}
    encoders = {path for path in folder.glob(f"{ENCODER_FOLDER}/*") if path in listed}
    return sorted((own | encoders) - set(written))


def _list_encoders(folder: Path) -> list[str]:
    """Paths of the encoders that an artefact lists, whole or not."""
    try:
        if (folder / CONFIG_FILE).is_file():
            text = (folder / CONFIG_FILE).read_text("utf-8")
        elif (folder / FUSION_FILE).is_file():
            import onnx

            graph = onnx.load(folder / FUSION_FILE, load_external_data=False)
            text = next(note.value for note in graph.metadata_props if note.key == METADATA_KEY)
        else:
            return []
        return list(parse_document(text, str(folder))["files"])
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - whatever lies there is no artefact, and onnx has many ways to say so
        return []


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        with contextlib.suppress(OSError):  # It is not there, or not empty.
            folder.rmdir()


@attrs.frozen(eq=False)
class Stored:
    """What was read of an artefact.

    Args:
        file: its main graph.
        content: of that file; it has the hash that config.json says.
        document: the configuration of config.json; None where there is none.
    """

    file: Path
    content: bytes
    document: dict[str, Any] | None

    def read(self, name: str, config: ArtefactConfig) -> bytes:
        """The content of another file of the artefact.

        Args:
            name: its path in the folder.
            config: knows its hash.

        Raises:
            ExportError: if it cannot be read or was altered.
        """
        file = self.file.parent / name
        try:
            content = _read(file)
        except OSError as error:
            folder = self.file.parent
            raise ExportError(f"{folder} holds no artefact that can be read: {error.strerror}: {file}.") from error
        _check_hash(content, config.files.get(name), file, self.file.name)
        return content


def read_artefact(path: str | os.PathLike[str]) -> Stored:
    """Read the main graph's bytes, and the configuration beside it where there is one.

    Raises:
        ExportError: if there is no graph, or its bytes are not those that the configuration describes.
    """
    file = model_path(path)
    config = file.with_name(CONFIG_FILE)
    try:
        content = _read(file)
        text = _read(config).decode() if os.path.lexists(config) else None
    except OSError as error:
        raise ExportError(f"{path} holds no artefact that can be read: {error.strerror}: {error.filename}.") from error
    except UnicodeDecodeError as error:
        raise ExportError(f"{config} is damaged: it is not UTF-8.") from error
    except ValueError as error:
        raise ExportError(f"{path!r} holds no artefact that can be read: {error}.") from error
    if text is None:
        return Stored(file, content, None)
    document = parse_document(text, str(config))
    if "sha256" not in document:
        raise ExportError(f"{config} is no configuration of an acclimate artefact: it has no sha256.")
    _check_hash(content, document.pop("sha256"), file, config.name)
    document.pop(CHECKPOINT_KEY, None)
    return Stored(file, content, document)


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _read(file: Path) -> bytes:
    """The content of a file, and of nothing that never ends or waits for a writer."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "No regular file", str(file))
    return file.read_bytes()


def _check_hash(content: bytes, expected: object, file: Path, by: str) -> None:
    found = sha256(content)
    if found != expected:
        raise ExportError(
            f"{file} is damaged or was altered: its {len(content)} bytes have the SHA-256 {found}, "
            f"but {by} says {expected}."
        )


def _write_through(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
