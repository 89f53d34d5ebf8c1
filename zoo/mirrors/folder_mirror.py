"""A mirror in a local folder, such as a clone's zoo/checkpoints."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import attrs

from .mirror import Incoming, Mirror, MirrorError, NotThereError


class FolderMirror(Mirror):
    """A folder of this machine or of a network drive; it is there offline as well.

    Args:
        location: its path; `~` is the home folder.
    """

    needs_network = False

    def __init__(self, location: str | os.PathLike[str]) -> None:
        self.location = os.fspath(location)
        self._folder = Path(os.path.expanduser(self.location))  # noqa: PTH111 - Path's own raises where there is no home

    @contextmanager
    def open(self, path: str, offset: int = 0) -> Iterator[Incoming]:
        """Open a regular file: a link may lead anywhere, and a pipe would never end."""
        file = self._folder / path
        try:
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise MirrorError(f"{file} must be a regular file, but is something else.")
            opened = file.open("rb", buffering=0)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotThereError(f"there is no {file}.") from error
        except OSError as error:
            raise _unreadable(file, error) from error
        with opened:
            opened.seek(offset)
            yield Incoming(_Reader(opened, file), offset, status.st_size)


@attrs.frozen
class _Reader:
    file: BinaryIO
    path: Path

    def read(self, size: int, /) -> bytes:
        try:
            return self.file.read(size)
        except OSError as error:
            raise _unreadable(self.path, error) from error


def _unreadable(path: Path, error: OSError) -> MirrorError:
    return MirrorError(f"{path} cannot be read: {error.strerror}.")
