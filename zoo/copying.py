"""A new folder of a checkpoint, such as a copy: there whole or not at all."""

import glob
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import attrs

from ..framework.errors import ZooError
from ..framework.files.folders import sync_folder, sync_tree
from .cache import remove
from .folder import CheckpointFolder, check_hash, open_folder
from .names import HASHES_FILE

_ABANDONED: Final = 3600
"""Seconds after which a folder that was never finished is taken for a killed process's."""


def check_free(out: Path) -> None:
    """Refuse a place that holds something.

    Raises:
        ZooError: naming it.
    """
    try:
        if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
            raise ZooError(f"{out} is not empty: give another folder.")
    except OSError as error:
        raise ZooError(f"{out} cannot be read: {error.strerror}.") from error


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """An empty folder beside a free place, which is put there in the end; if something fails, nothing is.

    Args:
        out: does not exist yet, or is empty.

    Raises:
        ZooError: if it holds something, or cannot be written.
    """
    out = out.absolute()
    check_free(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(out)
        unfinished = out.with_name(f".{out.name}.{uuid4().hex}.pull")
        unfinished.mkdir()
        try:
            yield unfinished
            sync_tree(unfinished)
            if out.exists():
                out.rmdir()
            unfinished.rename(out)
            sync_folder(out.parent)
        finally:
            if unfinished.exists():
                remove(unfinished)
    except OSError as error:
        raise ZooError(f"{out}: the checkpoint cannot be written: {error.strerror or error}.") from error


def copy_folder(folder: CheckpointFolder, out: Path) -> CheckpointFolder:
    """Copy a checkpoint.

    Args:
        folder: that was checked; the copy is checked again before it is visible.
        out: does not exist yet, or is empty.

    Raises:
        ZooError: if it holds something, or cannot be written.
    """
    with new_folder(out) as unfinished:
        for name in (*folder.hashes, HASHES_FILE):
            shutil.copyfile(folder.path / name, unfinished / name)
        copied = open_folder(unfinished)
        for name, value in copied.hashes.items():
            check_hash(folder.path / name, value, folder.hashes[name])
    return attrs.evolve(copied, path=out.absolute())


def _remove_abandoned(out: Path) -> None:
    for path in out.parent.glob(f".{glob.escape(out.name)}.*.pull"):
        if path.lstat().st_mtime < time.time() - _ABANDONED:
            remove(path)
