"""Folders whose names are on the disk, and whether one can be written to."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from ..errors import WriteError

_UNABLE: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF})
"""What systems say that do not sync folders."""


def make_folder(path: Path) -> None:
    """Make a folder and those above it, and have their names on the disk.

    Raises:
        WriteError: if one cannot be made.
    """
    try:
        for folder in reversed(missing_folders(path)):
            with suppress(FileExistsError):  # Another process was quicker.
                folder.mkdir()
            sync_folder(folder.parent)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "there is a file of that name")
    except OSError as error:
        raise WriteError(error, path) from error


def check_folder(path: Path) -> None:
    """Find out before hours of work whether a folder is there, or can be made, and written to; it is left as it was.

    Raises:
        WriteError: naming it, if it cannot.
    """
    missing: list[Path] = []
    try:
        missing = missing_folders(path)
        make_folder(path)
        probe = path / f".{os.urandom(16).hex()}.part"
        try:
            probe.open("xb").close()
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(error, path) from error
    finally:
        for folder in missing:
            with suppress(OSError):  # It was never made, or another process uses it.
                folder.rmdir()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can: not every one opens folders, nor syncs them."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        # Windows opens none, and a folder may be written to that may not be read.
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Have all files of a folder, and their names, on the disk."""
    for place, _, names in os.walk(folder):
        for name in names:
            with Path(place, name).open("rb+") as file:
                os.fsync(file.fileno())
        sync_folder(Path(place))


def missing_folders(path: Path) -> list[Path]:
    """Those of a folder and the ones above it that are not there, the innermost first."""
    found = []
    for folder in (path, *path.parents):
        if os.path.lexists(folder):
            break
        found.append(folder)
    return found
