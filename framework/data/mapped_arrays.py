"""Large arrays of a .npz, mapped into memory instead of read, so that data larger than memory can be trained on."""

import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MAPPED_BYTES: Final = 64 * 2**20
"""Arrays from this size on are mapped; smaller ones are read, which finds out damage too."""

_HEADERS: Final = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
_LOCAL_HEADER: Final = 30
"""Bytes of a member's header in a .zip, before its name and what else stands there."""


def map_array(path: Path, key: str) -> NDArray[Any] | None:
    """An array that lies in a .npz as it would in memory, read-only; None where it is small, compressed or not there.

    `numpy.savez` and `acclimate data convert` do not compress. What is mapped is not compared with its checksum.

    Raises:
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
        read_header = _HEADERS.get(np.lib.format.read_magic(file))
        if read_header is None:
            return None
        shape, fortran, dtype = read_header(file)
        if dtype.hasobject:
            return None
        mapped = np.memmap(file, dtype, "r", file.tell(), shape, "F" if fortran else "C")
    return np.asarray(mapped)
