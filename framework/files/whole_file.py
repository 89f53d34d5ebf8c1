"""Files that are there whole or not at all, whatever happens to their writer."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ..errors import WriteError
from .folders import sync_folder

PART: Final = ".part"
"""What the name of a file ends in that is still being written, or that a killed process left."""

_LONGEST: Final = 255
"""Bytes that a name may have on the file systems there are."""

_SPECIAL: Final = ("/dev/", "/proc/")


@contextmanager
def whole_file(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """The path of a file to write, which takes another's place in the end; if something fails, all stays as it was.

    A link stays, and leads to the new file. The file has the mode of the one before it, or of any that is made here.
    What is no file, such as a pipe or /dev/stdout, is written to, as nothing can take its place.

    Args:
        path: whose place it takes, in a folder that is there.
        sync: whether the file, and its name, are on the disk before this ends. What can be made again need not be.

    Raises:
        WriteError: if the file cannot be written; OSErrors of the body are taken for that.

    Example:
        >>> from tempfile import mkdtemp
        >>> target = Path(mkdtemp()) / "notes.txt"
        >>> with whole_file(target) as unfinished:
        ...     _ = unfinished.write_text("all of it")
        >>> target.read_text()
        'all of it'
    """
    with writing(path):
        if _is_stream(path):
            with _streamed(path) as unfinished:
                yield unfinished
            return
        place = path.resolve() if path.is_symlink() else path
        unfinished = _beside(place)
        try:
            mode = _make(unfinished, place)
            yield unfinished
            # Some libraries make a file of their own in its place, which nobody else may read.
            if stat.S_IMODE(unfinished.stat().st_mode) != mode:
                unfinished.chmod(mode)
            if sync:
                with unfinished.open("rb+") as file:
                    os.fsync(file.fileno())
            unfinished.replace(place)
            if sync:
                sync_folder(place.parent)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes, *, sync: bool = True) -> None:
    """Write a file that is there whole or not at all; see `whole_file`.

    Args:
        path: of the file.
        content: bytes, or a text that becomes UTF-8.
        sync: see `whole_file`.
    """
    with whole_file(path, sync=sync) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def writing(path: Path, again: str | None = None) -> Iterator[None]:
    """Name what was to be written where the operating system says no.

    Args:
        path: file or folder.
        again: see `WriteError`.

    Raises:
        WriteError: in place of an OSError.
    """
    try:
        yield
    except WriteError as error:
        if again is None:
            raise
        raise WriteError(error, error.filename, again) from error
    except OSError as error:
        raise WriteError(error, path, again) from error


def check_file(path: Path) -> None:
    """Find out before hours of work whether a file can be written: its place, its name, the right to do so.

    Raises:
        WriteError: naming it, if it cannot.
    """
    with writing(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "there is a folder of that name")
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {path.parent}")
        if not _is_stream(path):
            place = path.resolve() if path.is_symlink() else path
            probe = _beside(place)
            try:
                # The name itself may be too long, which one beside it does not tell.
                place.exists()
                _make(probe, place)
            finally:
                with suppress(OSError):
                    probe.unlink(missing_ok=True)


def _beside(place: Path) -> Path:
    end = f".{os.urandom(16).hex()}{PART}"
    name = place.name if len(os.fsencode(place.name + end)) <= _LONGEST else ""
    return place.with_name(f"{name}{end}")


def _make(unfinished: Path, place: Path) -> int:
    """Make the empty file; returns the mode that it must have in the end."""
    before = stat.S_IMODE(place.stat().st_mode) if place.exists() else None
    if before is not None and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, "it may only be read")
    with unfinished.open("xb") as file:
        return stat.S_IMODE(os.fstat(file.fileno()).st_mode) if before is None else before


def _is_stream(path: Path) -> bool:
    if str(path).startswith(_SPECIAL):
        return path.exists()
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def _streamed(path: Path) -> Iterator[Path]:
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        unfinished = Path(folder) / "content"
        unfinished.touch()
        yield unfinished
        with unfinished.open("rb") as content, path.open("wb") as stream:
            copyfileobj(content, stream)
