"""Reads and writes an artefact's folder: one or several graphs, and config.json beside them."""

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import Any, Final

import attrs

from ..framework.errors import ExportError
from .artefact import (
    CHECKPOINT_KEY,
    CONFIG_FILE,
    ENCODER_FOLDER,
    FUSION_FILE,
    METADATA_KEY,
    MODEL_FILE,
    ArtefactConfig,
)
from .documents import parse_document

MAX_GRAPH: Final = 2**31
"""Bytes: as many as a protobuf may have."""

MAX_CONFIG: Final = 2**24
"""Bytes: a tokenizer takes some of them."""


def model_path(path: str | os.PathLike[str]) -> Path:
    """The main graph's file, where `path` is that file or the folder that holds it."""
    found = Path(path)
    if found.suffix == ".onnx" and not found.is_dir():
        return found
    split = found / FUSION_FILE
    return split if split.is_file() and not (found / MODEL_FILE).exists() else found / MODEL_FILE


def write_artefact(folder: Path, files: Mapping[str, bytes], document: Mapping[str, Any]) -> None:
    """Write all files, so that whatever happens the folder holds an artefact that loads, or what it held before.

    What fails leaves what was there, byte for byte, where the file system has hard links. The one exception: where a
    split artefact replaces another and the process is killed between two files, the mixture is refused by its hashes.

    Args:
        folder: is made where it does not exist.
        files: the graphs, by path in the folder; the main one is the last.
        document: the configuration.

    Raises:
        ExportError: if they cannot be written, or the folder holds a foreign graph that would be taken for them.
    """
    # Late: a session reads artefacts and writes none.
    from ..framework.files.folders import sync_folder
    from .kept_files import Kept

    main = list(files)[-1]
    known_by = {"sha256": hashlib.sha256(files[main]).hexdigest()}
    text = json.dumps({**document, **known_by}, indent=2, ensure_ascii=False) + "\n"
    suffix = f".{os.urandom(16).hex()}.tmp"
    written = {folder / name: content for name, content in files.items()} | {folder / CONFIG_FILE: text.encode()}
    temporary = {target: target.with_name(target.name + suffix) for target in written}
    is_new, kept = not folder.exists(), Kept(suffix)
    try:
        stale = _find_stale(folder, written)
        for target, content in written.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            _write_through(temporary[target], content)
        kept.keep([*written, *stale])
        # Between the steps, the main graph's own metadata stand in for a config.json that is not there.
        (folder / CONFIG_FILE).unlink(missing_ok=True)
        for target in list(written)[:-1]:
            temporary[target].replace(target)
        for file in stale:
            file.unlink()
        temporary[folder / CONFIG_FILE].replace(folder / CONFIG_FILE)
        for place in {target.parent for target in written} | {folder.absolute().parent}:
            sync_folder(place)
    except OSError as error:
        kept.give_back()
        raise ExportError(f"{folder}: the artefact cannot be written: {error.strerror}.") from error
    finally:
        for left in temporary.values():
            with contextlib.suppress(OSError):  # It is in its place, or was never made.
                left.unlink()
        kept.forget()
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
        content: of that file; it has the hash that config.json says, once that was checked.
        document: the configuration of config.json; None where there is none.
        expected: SHA-256 of the main graph, as config.json says.
    """

    file: Path
    content: bytes
    document: dict[str, Any] | None
    expected: object = None

    def check(self) -> None:
        """Refuse a main graph with another hash than config.json says.

        Raises:
            ExportError: naming the file.
        """
        if self.document is not None:
            _check_hash(self.content, self.expected, self.file, CONFIG_FILE)

    def check_beside(self) -> Callable[[], None]:
        """Begin to check in another thread: hashing leaves Python's lock to others.

        Returns:
            What waits for the end, and raises what `check` raises.
        """
        found: list[ExportError] = []

        def run() -> None:
            try:
                self.check()
            except ExportError as error:
                found.append(error)

        thread = Thread(target=run)
        thread.start()

        def finish() -> None:
            thread.join()
            if found:
                raise found[0]

        return finish

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


def read_artefact(path: str | os.PathLike[str], *, check: bool = True) -> Stored:
    """Read the main graph's bytes, and the configuration beside it where there is one.

    Args:
        path: the artefact's folder, or its main graph.
        check: whether the hash is checked; if not, `Stored.check` must be called before anything is used.

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
    document.pop(CHECKPOINT_KEY, None)
    stored = Stored(file, content, document, document.pop("sha256"))
    if check:
        stored.check()
    return stored


def _read(file: Path) -> bytes:
    """The content of a file, and of nothing that never ends, waits for a writer or is larger than it may be."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "No regular file", str(file))
    limit = MAX_CONFIG if file.name == CONFIG_FILE else MAX_GRAPH
    if file.stat().st_size > limit:
        raise OSError(errno.EFBIG, f"More than {limit} bytes", str(file))
    return file.read_bytes()


def _check_hash(content: bytes, expected: object, file: Path, by: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ExportError(
            f"{file} is damaged or was altered: its {len(content)} bytes have the SHA-256 {found}, "
            f"but {by} says {expected!s:.99}."
        )


def _write_through(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
