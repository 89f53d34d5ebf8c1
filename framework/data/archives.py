"""Members of .npz and .zip archives, which stay open, or in memory, for as long as the process reads them."""

import lzma
import os
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .mapped_arrays import map_array

_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, OSError, RuntimeError)
"""What reading a damaged, encrypted or unusual archive raises."""


def read_array(path: Path, key: str, row: int | None) -> NDArray[Any]:
    """A .npz's array, or one row of it, read-only. The array is read once and kept, or mapped (see `map_array`).

    Raises:
        DataError: if the archive has no such key or row, or the array holds pickled objects.
    """
    status = path.stat()
    array = _load_array(path, key, (status.st_mtime_ns, status.st_size))
    if row is None:
        return array
    if array.ndim == 0 or row >= len(array):
        raise DataError(f"expected a row below {len(array) if array.ndim else 0}, but found {row}.")
    values: NDArray[Any] = array[row, ...]
    return values


def read_member(path: Path, member: str) -> bytes:
    """The bytes of a .zip's member.

    Raises:
        DataError: if the archive has no such member, or it is damaged.
    """
    status = path.stat()
    # A handle that a forked worker inherits shares its position in the file with its parent, hence the process's
    # number.
    archive = _open_archive(path, os.getpid(), (status.st_mtime_ns, status.st_size))
    try:
        return archive.read(member)
    except KeyError:
        raise DataError(f"expected one of the {len(archive.namelist())} members, but found {member!r}.") from None
    except _DAMAGE as error:
        raise DataError(f"expected a member that can be unpacked, but found: {error}") from error


@lru_cache(maxsize=64)
def _load_array(path: Path, key: str, _version: tuple[int, int]) -> NDArray[Any]:
    if not zipfile.is_zipfile(path):
        raise DataError("expected an archive of arrays (.npz), but found another kind of file.")
    try:
        mapped = map_array(path, key)
        if mapped is not None:
            return mapped
        with np.load(path, allow_pickle=False) as archive:
            keys = archive.files
            array: NDArray[Any] | None = archive[key] if key in keys else None
    except (*_DAMAGE, ValueError) as error:
        raise DataError(f"expected an array of numbers, but found: {error}") from error
    if array is None:
        raise DataError(f"expected one of the keys {', '.join(keys)}, but found {key!r}.")
    array.flags.writeable = False
    return array


@lru_cache(maxsize=16)
def _open_archive(path: Path, _process: int, _version: tuple[int, int]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except _DAMAGE as error:
        raise DataError(f"expected a .zip archive, but found: {error}") from error
