"""Arrays of one shape by key, in a file that processes append to, and map into memory instead of reading."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

KEY_BYTES: Final = 16

_RECORD: Final = np.dtype([("key", f"V{KEY_BYTES}"), ("number", "<i8"), ("values", "<u4"), ("record", "<u4")])
"""What the index holds of each array: key, a number beside it, and checksums of the values and of this."""

_LONGEST_WAIT: Final = 10.0
"""Seconds for the others, each of which writes one array at a time."""


@attrs.define(eq=False)
class SharedArrays:
    """A folder of two files: `values`, array after array, and `index`, a record for each.

    A record is appended when its array is there, and both carry checksums: of an array that was cut short, or damaged,
    nothing is known, whoever was killed. An array that was written twice is there twice, and the later one counts.

    Args:
        folder: made when something is written; may go away while it is in use, as if empty.
        shape: of each array.
        dtype: of their values.

    Example:
        >>> from tempfile import mkdtemp
        >>> arrays = SharedArrays(Path(mkdtemp()), (2,), np.float32)
        >>> arrays.write(bytes(16), np.ones(2, np.float32), 7)
        >>> arrays.read(bytes(16)), arrays.read(bytes(range(16)))
        ((array([1., 1.], dtype=float32), 7), None)
    """

    folder: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any] = attrs.field(converter=np.dtype)
    _slots: dict[bytes, tuple[int, int, int]] = attrs.field(factory=dict, init=False)
    _known: int = attrs.field(default=0, init=False)
    _file: int | None = attrs.field(default=None, init=False)
    _mapped: NDArray[Any] = attrs.field(default=np.empty(0), init=False)
    _whole: set[int] = attrs.field(factory=set, init=False)

    @property
    def size(self) -> int:
        """Bytes of an array and its record."""
        return self._bytes + _RECORD.itemsize

    def read(self, key: bytes) -> tuple[NDArray[Any], int] | None:
        """The array of a key, mapped and read-only, and the number beside it; None where there is none that is whole.

        Args:
            key: of `KEY_BYTES` bytes.
        """
        try:
            if key not in self._slots:
                self._look()
            found = self._slots.get(key)
            return None if found is None else self._map(key, *found)
        except OSError:
            return None

    def write(self, key: bytes, values: NDArray[Any], number: int) -> None:
        """Append an array.

        Raises:
            OSError: if that cannot be done.
        """
        array = np.ascontiguousarray(values, self.dtype)
        self.folder.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder):
            end = self._look(create=True)
            for name, place, content in (
                ("values", end * self._bytes, array.data),
                ("index", end * _RECORD.itemsize, _make_record(key, number, zlib.crc32(array.data))),
            ):
                with (self.folder / name).open("r+b") as file:
                    # Behind what a killed process may have begun.
                    file.seek(place)
                    file.write(content)

    @property
    def _bytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def _look(self, *, create: bool = False) -> int:
        """Read what others have added; returns how many records there are."""
        if create:
            for name in ("values", "index"):
                (self.folder / name).touch()
        with (self.folder / "index").open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_ino != self._file:
                # Another folder took the place of the one that was known.
                self._slots, self._known, self._file, self._mapped, self._whole = (
                    {},
                    0,
                    status.st_ino,
                    np.empty(0),
                    set(),
                )
            count = status.st_size // _RECORD.itemsize
            file.seek(self._known * _RECORD.itemsize)
            content = file.read((count - self._known) * _RECORD.itemsize)
        for slot, record in enumerate(np.frombuffer(content, _RECORD), start=self._known):
            if zlib.crc32(record.tobytes()[:-4]) == record["record"]:
                self._slots[record["key"].tobytes()] = slot, int(record["number"]), int(record["values"])
        self._known = count
        return count

    def _map(self, key: bytes, slot: int, number: int, checksum: int) -> tuple[NDArray[Any], int] | None:
        if slot >= len(self._mapped):
            path = self.folder / "values"
            there = path.stat().st_size // self._bytes
            if slot >= there:
                return None
            self._mapped = np.memmap(path, self.dtype, "r", shape=(there, *self.shape))
        values = np.asarray(self._mapped[slot])
        if slot not in self._whole:
            if zlib.crc32(values.data) != checksum:
                del self._slots[key]
                return None
            self._whole.add(slot)
        return values, number


def _make_record(key: bytes, number: int, checksum: int) -> bytes:
    record = np.zeros((), _RECORD)
    record["key"], record["number"], record["values"] = np.void(key), number, checksum
    record["record"] = zlib.crc32(record.tobytes()[:-4])
    return record.tobytes()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        with FileLock(folder / "lock", timeout=_LONGEST_WAIT):
            yield
    except (NotImplementedError, Timeout) as error:
        raise OSError(f"no lock: {error}") from error
