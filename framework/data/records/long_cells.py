"""Python's csv module has one limit for all of a process, below the length of a long text."""

import csv
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

MAX_CELL: Final = 2**20
"""Characters of a cell, at most."""


class _Limit:
    """Counts who reads, since others' limit may come back only after the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = self._before = 0

    def raise_(self) -> None:
        with self._lock:
            if self._readers == 0:
                self._before = csv.field_size_limit()
                csv.field_size_limit(max(self._before, MAX_CELL))
            self._readers += 1

    def lower(self) -> None:
        with self._lock:
            self._readers -= 1
            if self._readers == 0:
                csv.field_size_limit(self._before)


_LIMIT: Final = _Limit()


@contextmanager
def long_cells() -> Iterator[None]:
    """Within it, csv reads cells of up to `MAX_CELL` characters, in all threads.

    Example:
        >>> with long_cells():
        ...     [row] = csv.reader(["x" * 200_000])
        >>> len(row[0])
        200000
    """
    _LIMIT.raise_()
    try:
        yield
    finally:
        _LIMIT.lower()
