"""A folder of entries that several processes share, and that does not outgrow a bound."""

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Final

import attrs

from .whole_file import PART, write_whole

_DIGEST: Final = 16
"""Bytes at the beginning of a file that tell whether the rest is whole."""

_PREFIX: Final = 2
"""Characters of a key that name a folder."""

_SHARERS: Final = 16
"""Processes that may fill a folder together without outgrowing the bound."""

_ABANDONED: Final = 3600
"""Seconds after which what was never finished is taken for a killed process's."""


@attrs.frozen
class _File:
    path: str
    size: int
    used: float


class BoundedFolder:
    """Bytes by key, one file each.

    Whatever happens to a writer, an entry is there whole or not at all, and one that is damaged is not there. Nothing
    here raises because of the disk: where it cannot be written to, or is full, there is one warning and no new entry.

    What no process has used since this object was made goes where room is needed, least recently used first. If that
    is not enough, new entries are not kept: those of one pass over the data would push out each other, and none would
    be found by the next. Up to sixteen processes that fill a folder together exceed the bound by an entry each at most.

    Args:
        folder: made when something is written.
        max_bytes: that all entries may take together.

    Raises:
        ValueError: if `max_bytes` is not positive.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes must be positive, but got {max_bytes}.")
        self.folder = folder
        self.max_bytes = max_bytes
        self._began = time.time()
        self._free = 0
        self._writes = True

    def read(self, key: str) -> bytes | None:
        """The entry of a key, None where there is none that is whole.

        Args:
            key: of at least three characters that may stand in the name of a file.
        """
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        body = content[_DIGEST:]
        if content[:_DIGEST] != _digest(key, body):
            return None
        with suppress(OSError):
            os.utime(path)
        return body

    def write(self, key: str, body: bytes) -> None:
        """Keep an entry if there is room."""
        size = _DIGEST + len(body)
        if not self._writes:
            return
        try:
            if self._free < size:
                self._free = self._make_room(size)
            if self._free < size:
                self._stop(f"{self.folder} is full of what is in use: {self.max_bytes:,} bytes")
                return
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, _digest(key, body) + body, sync=False)
        except OSError as error:
            self._stop(f"{self.folder} cannot be written to: {error}")
            return
        self._free -= size

    def _path(self, key: str) -> Path:
        return self.folder / key[:_PREFIX] / key[_PREFIX:]

    def _stop(self, reason: str) -> None:
        self._writes = False
        warnings.warn(f"{reason}; what is not there yet is computed each time", RuntimeWarning, stacklevel=4)

    def _make_room(self, size: int) -> int:
        """See what is there, others' entries too; returns how much may be written before looking again."""
        files = sorted(_scan(self.folder), key=lambda file: file.used)
        total = sum(file.size for file in files)
        wanted = max(size, self.max_bytes // 10)
        for file in files:
            if total + wanted <= self.max_bytes or not self._may_go(file):
                break
            Path(file.path).unlink(missing_ok=True)
            total -= file.size
        free = self.max_bytes - total
        # Others write meanwhile, and look no more often.
        return max(free // _SHARERS, size if size <= free else 0)

    def _may_go(self, file: _File) -> bool:
        unfinished = file.path.endswith(PART)
        return file.used < (time.time() - _ABANDONED if unfinished else self._began)


def _digest(key: str, body: bytes) -> bytes:
    return blake2b(body, digest_size=_DIGEST, key=key.encode()[: blake2b.MAX_KEY_SIZE]).digest()


def _scan(folder: Path) -> Iterator[_File]:
    with suppress(FileNotFoundError), os.scandir(folder) as parts:
        # Folders of other names are not its own.
        for part in [entry.path for entry in parts if len(entry.name) == _PREFIX and entry.is_dir()]:
            with os.scandir(part) as entries:
                for entry in entries:
                    # Another process may have removed it.
                    with suppress(FileNotFoundError):
                        found = entry.stat()
                        yield _File(entry.path, found.st_size, found.st_mtime)
