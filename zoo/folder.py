"""A checkpoint's folder: nothing in it is used before its size and SHA-256 are known to be right."""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from ..framework.errors import ZooError
from .names import HASHES_FILE, HASHES_LIMIT, SIZE_LIMITS

_CHUNK: Final = 2**20

# No link is followed, and nothing waits for the other end of a pipe. Windows has neither of the first two.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@attrs.frozen
class CheckpointFolder:
    """The files of a checkpoint, which were found to be what SHA256SUMS says.

    Args:
        path: the folder.
        hashes: SHA-256 of each file in hexadecimal digits, by name.
        sizes: bytes of each file, by name.
    """

    path: Path
    hashes: Mapping[str, str]
    sizes: Mapping[str, int]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(self.sizes.values())

    def read(self, name: str) -> bytes:
        """The very bytes that have the hash.

        Raises:
            ZooError: if the file changed since it was checked.
        """
        content = read_bounded(self.path / name, SIZE_LIMITS[name])
        check_hash(self.path / name, hashlib.sha256(content).hexdigest(), self.hashes[name])
        return content


def open_folder(path: str | os.PathLike[str], *, sha256: str | None = None) -> CheckpointFolder:
    """Check a folder's files against its SHA256SUMS.

    Args:
        path: of the folder.
        sha256: that SHA256SUMS itself must have, where that is known: it then stands for all files.

    Raises:
        ZooError: naming the file, if one is missing, no regular file, larger than any of its kind may be, or not the
            one that SHA256SUMS describes, or if there is one that has no business there.
    """
    folder = Path(path)
    if not os.path.isdir(folder):  # noqa: PTH112 - Path's own raises where a name is too long
        raise ZooError(f"no checkpoint at {folder}: it is no folder.")
    hashes = read_hashes(folder, sha256)
    strange = _find_strange(folder)
    if strange is not None:
        raise ZooError(f"{folder / strange} is no file of a checkpoint: there may be {', '.join(SIZE_LIMITS)}.")
    sizes = {name: file_size(folder / name, SIZE_LIMITS[name]) for name in hashes}
    for name, expected in hashes.items():
        check_hash(folder / name, hash_file(folder / name, sizes[name]), expected)
    return CheckpointFolder(folder, hashes, sizes)


def _find_strange(folder: Path) -> str | None:
    """The first name that is none of a checkpoint's; what has thousands of them is not read to its end."""
    try:
        with os.scandir(folder) as entries:
            found = (entry.name for entry in entries if entry.name not in {*SIZE_LIMITS, HASHES_FILE})
            return next(found, None)
    except OSError as error:
        raise ZooError(f"{folder} cannot be read: {error.strerror}.") from error


def format_hashes(hashes: Mapping[str, str]) -> str:
    """SHA256SUMS as `sha256sum --check` reads it.

    Example:
        >>> print(format_hashes({"README.md": "0" * 4}), end="")
        0000  README.md
    """
    return "".join(f"{value}  {name}\n" for name, value in sorted(hashes.items()))


def parse_hashes(text: str, name: str) -> dict[str, str]:
    """Read SHA256SUMS: one line for each file of a checkpoint, and none for anything else.

    Args:
        text: its content.
        name: what errors call it.

    Raises:
        ZooError: if a line is none of these, or one is missing.
    """
    hashes: dict[str, str] = {}
    # Not splitlines(): Python ends a line at characters at which sha256sum does not.
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start=1):
        value, _, file = line.partition("  ")
        if len(value) != 64 or set(value) - set("0123456789abcdef") or file not in SIZE_LIMITS or file in hashes:
            raise ZooError(
                f"{name}, line {number}: expected a SHA-256 and a file of a checkpoint, but got {line[:99]!r}."
            )
        hashes[file] = value
    missing = [file for file in SIZE_LIMITS if file not in hashes]
    if missing:
        raise ZooError(f"{name} must name {missing[0]}, but does not.")
    return hashes


def read_bounded(path: Path, limit: int) -> bytes:
    """A regular file's content, if it has no more bytes than allowed.

    Raises:
        ZooError: if it cannot be read, is a link or something else, or is larger.
    """
    size = file_size(path, limit)
    with _open(path, limit) as file:
        content = file.read(size + 1)
    if len(content) != size:
        raise ZooError(f"{path} changed while it was read: it had {size} bytes, and then another number.")
    return content


@contextmanager
def _open(path: Path, limit: int) -> Iterator[BinaryIO]:
    """A file, of which it is sure that it is regular: it may have been replaced since it was looked at.

    Raises:
        ZooError: if it is something else, or larger, or cannot be opened or read.
    """
    try:
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            _check_status(path, os.fstat(file.fileno()), limit)
            yield file
    except OSError as error:
        raise ZooError(f"{path} cannot be read: {error.strerror}.") from error


def file_size(path: Path, limit: int) -> int:
    """Bytes of a regular file that is no link.

    Raises:
        ZooError: if it is something else, or has more bytes than allowed.
    """
    try:
        status = path.lstat()
    except OSError as error:
        raise ZooError(f"{path} cannot be read: {error.strerror}.") from error
    _check_status(path, status, limit)
    return status.st_size


def _check_status(path: Path, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ZooError(f"{path} must be a regular file, but is something else.")
    if status.st_size > limit:
        raise ZooError(f"{path} may have {limit} bytes at most, but has {status.st_size}.")


def check_hash(path: Path, found: str, expected: str) -> None:
    """Refuse a file with another SHA-256 than it should have.

    Raises:
        ZooError: naming it.
    """
    if found != expected:
        raise ZooError(f"{path} is damaged or was altered: it has the SHA-256 {found}, but should have {expected}.")


def read_hashes(folder: Path, sha256: str | None = None) -> dict[str, str]:
    """What SHA256SUMS in a folder says.

    Args:
        folder: that holds it.
        sha256: that it must have; None where that is not known.

    Raises:
        ZooError: if it is not there, or not as it should be.
    """
    path = folder / HASHES_FILE
    content = read_bounded(path, HASHES_LIMIT)
    if sha256 is not None:
        check_hash(path, hashlib.sha256(content).hexdigest(), sha256)
    try:
        return parse_hashes(content.decode("ascii"), str(path))
    except UnicodeDecodeError as error:
        raise ZooError(f"{path} is damaged: it is not ASCII.") from error


def hash_file(path: Path, size: int) -> str:
    """SHA-256 of a file, read in chunks, since weights may be larger than memory.

    Args:
        path: of the file.
        size: that it had when it was looked at: no more bytes are read.

    Raises:
        ZooError: if it cannot be read, or has more.
    """
    digest, left = hashlib.sha256(), size
    with _open(path, size) as file:
        while left and (chunk := file.read(min(_CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
