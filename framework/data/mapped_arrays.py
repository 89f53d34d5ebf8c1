"""Large arrays of a .npz, mapped into memory instead of read, so that data larger than memory can be trained on."""

import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .npy_header import read_npy_header

MAPPED_BYTES: Final = 64 * 2**20
"""Arrays from this size on are mapped; smaller ones are read, which finds out damage too."""

_LOCAL_HEADER: Final = 30
"""Bytes of a member's header in a .zip, before its name and what else stands there."""


def map_array(path: Path, key: str) -> NDArray[Any] | None:
    """An array that lies in a .npz as it would in memory, read-only; None where it is small, compressed or not there.

    `numpy.savez` and `acclimate data convert` do not compress. What is mapped is not compared with its checksum.

    Raises:
        DataError: if the array is damaged or truncated, or holds something else than numbers.
        OSError, ValueError, zipfile.BadZipFile: if the archive is damaged.
    """
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        member = archive.NameToInfo.get(f"{key}.npy")
        if member is None or member.compress_type != zipfile.ZIP_STORED or member.file_size < MAPPED_BYTES:
            return None
        file.seek(member.header_offset)
        header = file.read(_LOCAL_HEADER)
        lengths = (int.from_bytes(header[start : start + 2], "little") for start in (26, 28))
        file.seek(sum(lengths), 1)
        start = file.tell()
        found = read_npy_header(file)
        missing = found.nbytes - member.file_size + file.tell() - start
        if missing > 0:
            raise DataError(f"expected {missing} more bytes, as its header says: the file is truncated.")
        mapped = np.memmap(file, found.dtype, "r", file.tell(), found.shape, found.order)
    return np.asarray(mapped)
