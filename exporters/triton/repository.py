"""Writes an artefact into a Triton model repository: new models, or a new version of those that are there."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

import attrs

from ...framework.errors import ExportError
from ...framework.files.folders import sync_folder, sync_tree
from ...framework.files.whole_file import PART, write_whole
from ..artefact_folder import read_artefact
from ..session import Session
from .compatibility import check_compatible
from .models import OWNER, TritonModel, make_models
from .pbtxt import read_pbtxt, to_pbtxt
from .settings import Device, Settings

CONFIG_FILE: Final = "config.pbtxt"

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
"""Names that are a folder's on every system and stand in a URL as they are; Triton itself refuses slashes and `..`."""


@attrs.frozen
class TritonExport:
    """What was written.

    Args:
        folder: the model repository.
        name: of the model that clients call.
        version: its number.
        models: names of all models that were written, those first that another one calls.
    """

    folder: Path
    name: str
    version: int
    models: tuple[str, ...]


def write_triton(
    artefact: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    name: str | None = None,
    max_batch_size: int = 64,
    device: Device = "auto",
) -> TritonExport:
    """Write an artefact into a Triton model repository.

    An artefact of the forms mask and branch becomes one model that Triton's ONNX Runtime runs. One of the form split
    becomes a model for each encoder, one for the fusion, and one that calls them and leaves out the encoders that a
    request does not need.

    Where the repository holds these models, they get another version and keep their config.pbtxt, whose
    `instance_group`, `dynamic_batching` and other settings are the user's. Nothing is ever replaced or removed.

    Args:
        artefact: its folder or main graph.
        folder: the model repository, made where it does not exist; it may hold other models.
        name: of the model that clients call; None: that of the artefact's folder, or of the run around it.
        max_batch_size: rows that Triton may run at a time, those of several requests together.
        device: that new models run on.

    Raises:
        ExportError: if the artefact cannot be loaded, a name is none that Triton takes, the folder holds something
            else, the models there differ in what they take or give, or the files cannot be written.
    """
    config = Session(artefact).config
    settings = Settings(check_triton(artefact, folder, name), max_batch_size, device)
    models = make_models(read_artefact(artefact), config, settings)
    repository = Path(folder)
    for model in models:
        _check_name(model.name)
        _check_model(repository / model.name, model, device)
    version = 1 + max(_last_version(repository / model.name) for model in models)
    _write(repository, models, version)
    return TritonExport(repository, settings.name, version, tuple(model.name for model in models))


def check_triton(artefact: str | os.PathLike[str], folder: str | os.PathLike[str], name: str | None = None) -> str:
    """Find out what can be known of `write_triton` before there is an artefact.

    Args:
        artefact: where it is, or is to be.
        folder: see `write_triton`.
        name: see `write_triton`.

    Returns:
        The name of the model that clients call.

    Raises:
        ExportError: if Triton does not take the name, or the folder holds something else.

    Example:
        >>> check_triton("runs/kitchen/artefact", "models")
        'kitchen'
    """
    found = name or _default_name(artefact)
    _check_name(found)
    _check_repository(Path(folder))
    return found


def _default_name(artefact: str | os.PathLike[str]) -> str:
    path = Path(artefact).resolve()
    folder = path.parent if path.is_file() else path
    return folder.parent.name if folder.name == "artefact" else folder.name


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ExportError(
            f"a model in Triton has a name of letters, digits, '_', '-' and single dots between them, but got {name!r}."
        )


def _check_repository(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ExportError(f"{folder}: a model repository is a folder, but there is a file of that name.")
    entries = [entry for entry in folder.iterdir() if not (entry.name.startswith(".") or _is_begun(entry))]
    if entries and not any((entry / CONFIG_FILE).is_file() or _last_version(entry) for entry in entries):
        raise ExportError(f"{folder} is no model repository: it holds {min(entries).name}, and no folder of a model.")


def _last_version(folder: Path) -> int:
    """The highest number of a version; 0 where there is none."""
    if not folder.is_dir():
        return 0
    names = (entry.name for entry in folder.iterdir() if entry.is_dir())
    return max((int(name) for name in names if name.isascii() and name.isdecimal()), default=0)


def _check_model(folder: Path, model: TritonModel, device: Device) -> None:
    """Refuse a folder that is there and not ours, or whose configuration does not describe the new version."""
    if not folder.exists() or _is_begun(folder):
        return
    file = folder / CONFIG_FILE
    found = read_pbtxt(file.read_text("utf-8"), str(file)) if file.is_file() else {}
    if OWNER not in {parameter.get("key") for parameter in found.get("parameters", [])}:
        raise ExportError(f"{folder} holds a model that acclimate did not write: give another name.")
    check_compatible(found, model.config, str(file), device)
    for name, text in model.labels.items():
        if not (folder / name).is_file() or (folder / name).read_text("utf-8") != text:
            raise ExportError(f"{folder / name} does not name the classes of the new version: give another name.")


def _is_begun(folder: Path) -> bool:
    """Whether an export that was cut short left this: names of classes at most, and what was never finished."""
    return folder.is_dir() and all(
        entry.name.startswith(".") or (entry.name.endswith(("labels.txt", PART)) and entry.is_file())
        for entry in folder.iterdir()
    )


def _write(repository: Path, models: Sequence[TritonModel], version: int) -> None:
    made: list[Path] = []
    try:
        if not repository.exists():
            made.append(repository)
            repository.mkdir(parents=True)
        for model in models:
            folder = repository / model.name
            if not folder.exists() or _is_begun(folder):
                made.append(folder)
                folder.mkdir(exist_ok=True)
                for name, text in {**model.labels, CONFIG_FILE: to_pbtxt(model.config)}.items():
                    write_whole(folder / name, text)
            # Triton may be looking: a version appears with all its files.
            hidden = folder / f".{uuid4().hex}.tmp"
            made.append(hidden)
            hidden.mkdir()
            for name, content in model.files.items():
                (hidden / name).write_bytes(content)
            sync_tree(hidden)
            made.append(hidden.rename(folder / str(version)))
            sync_folder(folder)
        sync_folder(repository)
    except OSError as error:
        for path in reversed(made):
            shutil.rmtree(path, ignore_errors=True)
        raise ExportError(f"{repository}: the models cannot be written: {error.strerror}.") from error
