"""Pictures, sound and texts as encoders take them, kept in files that cells and epochs share."""

import json
import os
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import disk_usage, rmtree
from typing import TYPE_CHECKING, Any, Final

import attrs

from ..errors import DataError
from .decoding_limit import decoding_limit
from .file_names import find_file
from .preprocessing import Prepared, Preprocessing
from .reference import parse_reference
from .shared_arrays import KEY_BYTES, SharedArrays

if TYPE_CHECKING:
    from .row import Row
    from .table import Table

PREPARED: Final = "prepared"
"""Folder in that of a cache."""

_KINDS: Final = frozenset({"audio", "image", "text"})
"""Of inputs that take longer to decode and prepare than to find."""

_SETTLED: Final = 2.0
"""Seconds after which a file that is written again has another time, on any file system."""

_PACKAGES: Final = ("acclimate", "numpy", "pillow", "scipy", "soundfile", "tokenizers")
"""Whose releases may decode, or prepare, otherwise."""

_SHARERS: Final = 16
"""Processes that may fill a folder together without outgrowing the bound."""


class PreparedCache:
    """Keeps what a fixed front end (decoding, resampling, resizing, tokenising) makes of a cell of a table.

    An entry is found by the file's place, size and times (of inline text, by the text), the whole preprocessing, and
    the releases of the libraries. It is mapped into memory, so that all processes that read it share one copy. No
    result depends on it: a damaged entry is not there, a file that was written less than two seconds ago is not kept,
    and corrupted cells never are. Augmentation happens later, and finds the same arrays.

    What was made for another preprocessing, and is not in use since this object was made, goes where room is needed;
    where that is not enough, or the disk cannot be written to, there is one warning, and no new entry.

    Args:
        folder: of the entries; made when something is written.
        max_bytes: that they may take together.

    Raises:
        ValueError: if `max_bytes` is not positive.

    Example:
        >>> from tempfile import mkdtemp
        >>> from acclimate.framework.data import Row, Samples, Schema, Table
        >>> said = {"open": "it opens", "shut": "it shuts"}
        >>> rows = [Row(2, name, "lab", "train", {"label": name}, {"said": text}) for name, text in said.items()]
        >>> table = Table(rows, ".", ["said"], ["label"]).with_prepared(PreparedCache(Path(mkdtemp()), 2**20))
        >>> kept = Samples(table, Schema.fit(table), labelled=False)[0].inputs["said"]
        >>> type(kept.base).__name__
        'memmap'
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        if max_bytes < 1:
            raise ValueError(f"max_bytes must be positive, but got {max_bytes}.")
        self.folder, self.max_bytes = folder, max_bytes
        self._began, self._free, self._writes = time.time(), 0, True

    def open(self, preprocessing: Preprocessing) -> "PreparedCells | None":
        """What is kept of one preprocessing; None where nothing is, as it is quickly made."""
        # Of other code, a release says nothing.
        ours = type(preprocessing).__module__.startswith("acclimate.")
        if preprocessing.kind not in _KINDS or not ours:
            return None
        folder = self.folder / _digest([preprocessing.to_config(), _releases()]).hex()
        with suppress(OSError):
            os.utime(folder)
        return PreparedCells(self, preprocessing, SharedArrays(folder, preprocessing.shape, preprocessing.dtype))

    def write(self, arrays: SharedArrays, key: bytes, prepared: Prepared) -> None:
        """Keep an entry if there is room."""
        if not self._writes:
            return
        try:
            if self._free < arrays.size:
                self._free = self._make_room(arrays)
            if self._free < arrays.size:
                self._stop(f"{self.folder} has no room: it may take {self.max_bytes:,} bytes, and half of what is free")
                return
            arrays.write(key, prepared.values, -1 if prepared.length is None else prepared.length)
        except OSError as error:
            self._stop(f"{self.folder} cannot be written to: {error}")
            return
        self._free -= arrays.size

    def _stop(self, reason: str) -> None:
        self._writes = False
        warnings.warn(f"{reason}; what is not there yet is prepared each time", RuntimeWarning, stacklevel=4)

    def _make_room(self, arrays: SharedArrays) -> int:
        """See what is there, others' entries too; returns how much may be written before looking again."""
        sizes = {folder: sum(file.stat().st_size for file in folder.iterdir()) for folder in _folders(self.folder)}
        used = {folder: folder.stat().st_mtime for folder in sizes}
        total, wanted = sum(sizes.values()), max(arrays.size, self.max_bytes // 10)
        self.folder.mkdir(parents=True, exist_ok=True)
        # Half of what is free is left to checkpoints.
        most = min(self.max_bytes, total + disk_usage(self.folder).free // 2)
        for folder in sorted(sizes, key=lambda folder: used[folder]):
            if total + wanted <= most or used[folder] >= self._began or folder == arrays.folder:
                break
            rmtree(folder, ignore_errors=True)
            total -= sizes[folder]
        free = most - total
        return max(free // _SHARERS, arrays.size if arrays.size <= free else 0)


@attrs.frozen(eq=False)
class PreparedCells:
    """Prepared cells of one modality.

    Args:
        cache: that they are kept in.
        preprocessing: by which they are prepared.
        arrays: where they lie.
    """

    cache: PreparedCache
    preprocessing: Preprocessing
    arrays: SharedArrays

    def find(self, table: "Table", row: "Row", modality: str) -> tuple[bytes | None, Prepared | None]:
        """The key of a row's cell, and what is kept of it; None where nothing is or, for the key, may be.

        Args:
            table: that the row is of.
            row: which.
            modality: of the preprocessing.
        """
        key = None if modality in row.corruptions else _key(table, row.cells.get(modality), modality)
        return key, None if key is None else self._read(key)

    def keep(self, key: bytes, prepared: Prepared) -> Prepared:
        """Keep what was made of a cell; returns the same, from the file if it is there, where it takes no memory."""
        self.cache.write(self.arrays, key, prepared)
        return self._read(key) or prepared

    def _read(self, key: bytes) -> Prepared | None:
        found = self.arrays.read(key)
        return None if found is None else Prepared(found[0], None if found[1] < 0 else found[1])


def _key(table: "Table", cell: str | None, modality: str) -> bytes | None:
    if cell is None:
        return None
    if modality in table.text:
        return _digest(["text", cell])
    try:
        reference = parse_reference(cell)
        path = find_file(table.root, reference.path)
        status = path.stat()
    except (DataError, OSError, ValueError):
        # Whoever reads it says so.
        return None
    if (
        reference.is_array
        or reference.suffix == ".npy"
        or time.time() - max(status.st_mtime, status.st_ctime) < _SETTLED
    ):
        return None
    times = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    return _digest(["file", os.path.abspath(path), reference.member, times, decoding_limit()])  # noqa: PTH100 - no link is followed


def _digest(content: list[Any]) -> bytes:
    return blake2b(json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


@cache
def _releases() -> tuple[str | None, ...]:
    return tuple(map(_release, _PACKAGES))


def _release(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _folders(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from [entry for entry in folder.iterdir() if entry.is_dir()]
