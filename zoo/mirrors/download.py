"""Files from mirrors: resumed, bounded, and with the right hash or not at all."""

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import attrs

from ...framework.errors import ZooError
from ..folder import file_size
from ..registry_entry import FileEntry
from .mirror import Incoming, Mirror, MirrorError

ATTEMPTS: Final = 6
"""How often a file is asked for. One that brings at least _PROGRESS bytes does not count."""

_FIRST_PAUSE: Final = 0.1
"""Seconds; each pause is twice as long as the one before."""

_PROGRESS: Final = 2**20
_CHUNK: Final = 2**18

Report = Callable[[int], object]
"""Is told how many bytes more are there; fewer than none when they turned out wrong."""

Value = TypeVar("Value")


def download(files: Mapping[str, FileEntry], folder: Path, mirror: Mirror, path: str, report: Report) -> None:
    """Fetch what a folder lacks of a checkpoint. What is there already, whole or in part, need not come again.

    Args:
        files: what each must be.
        folder: where they are put; nobody else may use it.
        mirror: that holds them.
        path: of their folder in it; empty for the mirror's own.
        report: is told of the progress.

    Raises:
        MirrorError: if the mirror does not give a file.
        OSError: if the folder cannot be written.
    """
    for name, expected in files.items():
        _File(mirror, f"{path}/{name}".lstrip("/"), folder / name, expected, report).download()


def read_small(mirror: Mirror, path: str, limit: int) -> bytes:
    """A small file of which no hash is known.

    Raises:
        NotThereError: if the mirror has none.
        MirrorError: if it does not come, or has more bytes than allowed.
    """

    def read() -> bytes:
        with mirror.open(path) as incoming:
            content = b""
            while len(content) <= limit and (chunk := incoming.stream.read(limit + 1 - len(content))):
                content += chunk
        if len(content) > limit or (incoming.size or 0) > limit:
            raise MirrorError(f"{mirror.location}: {path} may have {limit} bytes at most, but has more.")
        if incoming.size not in {None, len(content)}:
            raise MirrorError(f"{mirror.location}: {path} came in part only.", again=True)
        return content

    return _try_often(read, lambda: 0)


@attrs.frozen
class _File:
    """One file on its way."""

    mirror: Mirror
    path: str
    target: Path
    expected: FileEntry
    report: Report

    def download(self) -> None:
        self.report(self._length())
        _try_often(self._receive, self._length)

    def _receive(self) -> None:
        have, size = self._length(), self.expected.size
        if have < size or not self.target.exists():
            with self.mirror.open(self.path, have) as incoming:
                self._append(incoming, have)
        with self.target.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.expected.sha256:
            self.target.unlink()
            self.report(-size)
            raise MirrorError(
                f"{self._name} has the SHA-256 {found}, but should have {self.expected.sha256}.", again=True
            )

    def _append(self, incoming: Incoming, have: int) -> None:
        """Take what lacks and not a byte more, whatever else is sent."""
        size = self.expected.size
        if incoming.size not in {None, size}:
            raise MirrorError(f"{self._name} must have {size} bytes, but {incoming.size} are on their way.", again=True)
        skip, left = have - incoming.start, size - have
        with self.target.open("ab") as file:
            while left:
                chunk = incoming.stream.read(min(_CHUNK, skip + left))
                if not chunk:
                    raise MirrorError(f"{self._name} ends {left} bytes too early.", again=True)
                fresh, skip = chunk[skip:], max(skip - len(chunk), 0)
                file.write(fresh)
                file.flush()  # What has come is there even if this process is killed.
                left -= len(fresh)
                self.report(len(fresh))

    def _length(self) -> int:
        """Bytes that are there of it; what cannot be its beginning goes."""
        if not self.target.exists():
            return 0
        try:
            return file_size(self.target, self.expected.size)
        except ZooError:
            self.target.unlink()
            return 0

    @property
    def _name(self) -> str:
        return f"{self.mirror.location}: {self.path}"


def _try_often(attempt: Callable[[], Value], length: Callable[[], int]) -> Value:
    pause, left, have = _FIRST_PAUSE, ATTEMPTS, length()
    while True:
        try:
            return attempt()
        except MirrorError as error:
            before, have = have, length()
            if have - before >= _PROGRESS:
                pause = _FIRST_PAUSE
            else:
                left -= 1
            if not error.again or not left:
                raise
            time.sleep(max(pause, error.wait))
            pause *= 2
