"""A folder that one process at a time writes, and that says which."""

import json
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import attrs

from ..errors import RunError
from .folders import make_folder, missing_folders
from .whole_file import writing

LOCK_FILE: Final = ".lock"
HOLDER_FILE: Final = ".lock.json"
LOCK_FILES: Final = frozenset({LOCK_FILE, HOLDER_FILE})
"""What the lock adds to a folder. The first stays: others may be waiting for it."""

PATIENCE: Final = 1.0
"""Seconds: whoever was killed a moment ago may still be ending."""

_AFTERLIFE: Final = 20.0
"""Seconds that the workers of a dead process may need to notice."""


@attrs.frozen
class Holder:
    """The process that has a folder.

    Args:
        pid: its number.
        host: the machine that it runs on.
        since: when it began, in UTC.
    """

    pid: int
    host: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"

    @property
    def is_dead(self) -> bool:
        """Whether it is known that it has ended; of other machines nothing is known."""
        if self.host != socket.gethostname() or os.name == "nt":
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            return False
        return False


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Be the only process that writes a folder, which is made where it is not there. Readers need no lock.

    The system ends the lock with the process, however that ends. A thread that has it may take it again. A folder that
    was made for it, and holds nothing else afterwards, is removed. Where a file system knows no locks, none is held.

    Args:
        folder: to be locked.

    Raises:
        RunError: if another process has it, naming that one.
        WriteError: if the folder cannot be written.

    Example:
        >>> from tempfile import mkdtemp
        >>> with lock_folder(Path(mkdtemp()) / "run"):
        ...     pass
    """
    from filelock import FileLock

    place = folder.resolve()
    lock = FileLock(place / LOCK_FILE, is_singleton=True)
    if lock.is_locked:
        with lock:
            yield
        return
    made = missing_folders(place)
    with writing(folder):
        _acquire(lock, place, folder)
    try:
        _sign(place, folder)
        yield
    finally:
        _tidy(place, made)
        lock.release()


def _acquire(lock: Any, place: Path, folder: Path) -> None:  # noqa: ANN401 - filelock's, imported late
    from filelock import Timeout

    until = time.monotonic() + _AFTERLIFE
    while True:
        make_folder(place)
        try:
            lock.acquire(timeout=PATIENCE)
        except Timeout:
            holder = read_holder(folder)
            # Workers of a killed process keep its lock until they end.
            if holder is None or not holder.is_dead or time.monotonic() > until:
                raise RunError(
                    f"{folder} is being written by {holder or 'another process'}: wait for it, or end it"
                ) from None
        except NotImplementedError:
            # A file system without locks.
            return
        else:
            if (place / LOCK_FILE).exists():
                return
            # Whoever had it has begun nothing, and removed the folder.
            lock.release()


def read_holder(folder: Path) -> Holder | None:
    """Who locked a folder last; None where that is not known."""
    try:
        return Holder(**json.loads((folder / HOLDER_FILE).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError):
        return None


def _sign(place: Path, folder: Path) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    content = json.dumps(attrs.asdict(Holder(os.getpid(), socket.gethostname(), since)))
    with writing(folder):
        # Who reads half of it knows no name, and no more is lost.
        (place / HOLDER_FILE).write_text(content + "\n", encoding="utf-8")


def _tidy(place: Path, made: Iterable[Path]) -> None:
    """Take the name off, and leave no folder behind in which nothing was begun."""
    with suppress(OSError):
        (place / HOLDER_FILE).unlink(missing_ok=True)
        if [entry.name for entry in place.iterdir()] == [LOCK_FILE]:
            (place / LOCK_FILE).unlink()
            for folder in made:
                folder.rmdir()
