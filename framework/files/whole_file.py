"""Files that are there whole or not at all, whatever happens to their writer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

PART: Final = ".part"
"""What the name of a file ends in that is still being written, or that a killed process left."""


@contextmanager
def whole_file(path: Path, *, sync: bool = True) -> Iterator[Path]:
    """The path of a file to write, which takes another's place in the end; if something fails, all stays as it was.

    Args:
        path: whose place it takes, in a folder that is there.
        sync: whether the file, and its name, are on the disk before this ends. What can be made again need not be.

    Raises:
        OSError: if the file cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> target = Path(mkdtemp()) / "notes.txt"
        >>> with whole_file(target) as unfinished:
        ...     _ = unfinished.write_text("all of it")
        >>> target.read_text()
        'all of it'
    """
    unfinished = path.with_name(f"{path.name}.{uuid4().hex}{PART}")
    try:
        yield unfinished
        if sync:
            with unfinished.open("rb+") as file:
                os.fsync(file.fileno())
        unfinished.replace(path)
        if sync:
            _sync_folder(path.parent)
    finally:
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


def _sync_folder(folder: Path) -> None:
    # Not every system opens folders, nor syncs them.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
