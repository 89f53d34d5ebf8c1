"""Members of .npz and .zip archives, which stay open, or in memory, for as long as the process reads them."""

import lzma
import os
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from ..errors import DataError
from .decoding_limit import check_decoded_size, decoding_limit
from .mapped_arrays import map_array
from .npy_header import parse_npy
from .recent_arrays import RecentArrays
from .zip_directory import check_directory

_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    UnicodeError,
    ValueError,
    OverflowError,
)
"""What reading a damaged, encrypted or unusual archive raises."""

_KEPT: Final = 4
"""Arrays of .npz that are not mapped are kept in memory up to so many times what one may have."""

_PIECE: Final = 4096
"""Bytes that are read at once of what is packed otherwise than usual: zipfile unpacks all that they may become."""

_NAMED: Final = 20
"""Keys that an error names at most."""

_arrays: Final = RecentArrays()


def read_array(path: Path, key: str, row: int | None) -> NDArray[Any]:
    """A .npz's array, or one row of it, read-only; see `open_array`.

    Raises:
        DataError: as `open_array` does; also if there is no such row, or what is asked for is too large.
    """
    array = open_array(path, key)
    if row is not None and (array.ndim == 0 or row >= len(array)):
        raise DataError(f"expected a row below {len(array) if array.ndim else 0}, but found {row}.")
    values: NDArray[Any] = array if row is None else array[row, ...]
    check_decoded_size(values.nbytes, "", f"an array of shape {values.shape}")
    return values


def open_array(path: Path, key: str) -> NDArray[Any]:
    """A .npz's array, read-only, which is read once and kept, or mapped (see `map_array`).

    Raises:
        DataError: if the archive has no such key, the array is damaged, holds something else than numbers, or is too
            large and not one that is mapped.
    """
    status = path.stat()
    version = (path, key, status.st_mtime_ns, status.st_size)
    array = _arrays.get(version)
    if array is None:
        array, taken = _load_array(path, key)
        _arrays.keep(version, array, taken, _KEPT * decoding_limit())
    return array


def read_member(path: Path, member: str) -> bytes:
    """The bytes of a .zip's member.

    Raises:
        DataError: if the archive has no such member, or it is damaged or too large.
    """
    status = path.stat()
    # A handle that a forked worker inherits shares its position in the file with its parent, hence the process's
    # number.
    archive = _open_archive(path, os.getpid(), (status.st_mtime_ns, status.st_size))
    found = archive.NameToInfo.get(_find_name(archive, member))
    if found is None:
        raise DataError(f"expected one of the {len(archive.namelist())} members, but found {member!r}.")
    try:
        return _unpack(archive, found)
    except _DAMAGE as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"expected a member that can be unpacked, but found: {error}") from error


def _find_name(archive: zipfile.ZipFile, member: str) -> str:
    """The member's own name, where its accents may be written otherwise, or its folders be parted otherwise."""
    from .file_names import spellings

    there = [name for name in spellings(member) if name in archive.NameToInfo]
    return there[0] if there else member


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """All of a member, and no more bytes than its header says."""
    check_decoded_size(member.file_size, "", f"the member {member.filename}")
    with archive.open(member) as stream:
        if member.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            content = stream.read(member.file_size)
        else:
            pieces = iter(lambda: stream.read(_PIECE), b"")
            content = b"".join(pieces)
        # Only at its end is the checksum looked at.
        stream.read(1)
    if len(content) != member.file_size:
        raise DataError(f"expected {member.file_size} bytes, as its header says, but found {len(content)}.")
    return content


def _load_array(path: Path, key: str) -> tuple[NDArray[Any], int]:
    """An array, and how much memory it takes: none, if it is mapped."""
    if not zipfile.is_zipfile(path):
        raise DataError("expected an archive of arrays (.npz), but found another kind of file.")
    try:
        check_directory(path)
        mapped = map_array(path, key)
        if mapped is not None:
            return mapped, 0
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            member = archive.NameToInfo.get(f"{key}.npy")
            content = None if member is None else _unpack(archive, member)
    except _DAMAGE as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"expected an array of numbers, but found: {error}") from error
    if content is None:
        arrays = [name.removesuffix(".npy") for name in names if name.endswith(".npy")]
        keys = ", ".join(arrays[:_NAMED]) or "of none"
        raise DataError(f"expected one of the keys {keys}, but found {key!r}.")
    return parse_npy(content), len(content)


@lru_cache(maxsize=16)
def _open_archive(path: Path, _process: int, _version: tuple[int, int]) -> zipfile.ZipFile:
    try:
        check_directory(path)
        return zipfile.ZipFile(path)
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(f"expected a .zip archive, but found: {error}") from error
