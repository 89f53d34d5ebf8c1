"""Arrays in HDF5 files, of which only the row that is asked for is read; needs h5py."""

import importlib.util
import math
import os
import platform
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .decoding_limit import check_decoded_size

if TYPE_CHECKING:
    import h5py

_SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
_NAMED: Final = 20
"""Arrays that an error names at most."""

_DAMAGE: Final = (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError, MemoryError)
"""What reading a damaged file raises."""


def read_array(path: Path, key: str, row: int | None) -> NDArray[Any]:
    """An array, or one row of it. The file stays open.

    Raises:
        DataError: if h5py is missing, the file is none of HDF5 or damaged, or it has no such array or row.
    """
    shape = array_shapes(path).get(key)
    if shape is None:
        names = ", ".join(list(array_shapes(path))[:_NAMED]) or "of none"
        raise DataError(f"expected one of the arrays {names}, but found {key!r}.")
    if row is not None and row >= (shape[0] if shape else 0):
        raise DataError(f"expected a row below {shape[0] if shape else 0}, but found {row}.")
    try:
        dataset = _open(path)[key]
        _check_dataset(dataset, shape, row)
        values = np.asarray(dataset[() if row is None else row])
    except _DAMAGE as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"expected an array of numbers, but found: {' '.join(str(error).split())}") from error
    return values


def _check_dataset(dataset: "h5py.Dataset", shape: tuple[int, ...], row: int | None) -> None:
    """Refuse what is no array of numbers, lies in other files, or is too large; nothing of it is read here."""
    if dataset.dtype.kind not in "biufc" or dataset.shape is None:
        found = "nothing" if dataset.shape is None else f"an array of {dataset.dtype}"
        raise DataError(f"expected real numbers, but found {found}.")
    if dataset.external or dataset.is_virtual:
        raise DataError("expected an array that lies in this file, but found one that lies in others.")
    wanted = shape if row is None else shape[1:]
    check_decoded_size(math.prod(wanted) * dataset.dtype.itemsize, "", f"an array of shape {wanted}")
    # Whole pieces are unpacked, however little of them is wanted.
    pieces = dataset.chunks or ()
    check_decoded_size(math.prod(pieces) * dataset.dtype.itemsize, "", f"packed in pieces of shape {pieces}")
    if dataset.size and not dataset.id.get_storage_size():
        raise DataError("expected an array of numbers, but found one whose values were never written.")


def array_shapes(path: Path) -> Mapping[str, tuple[int, ...]]:
    """Shapes of all arrays of a file by name, which has groups in it: `features/rgb`.

    Raises:
        DataError: if h5py is missing, or the file is none of HDF5.
    """
    status = path.stat()
    return _find_shapes(path, (status.st_mtime_ns, status.st_size))


def _open(path: Path) -> "h5py.File":
    if importlib.util.find_spec("h5py") is None:
        raise DataError("HDF5 needs h5py: pip install acclimate[hdf5]")
    status = path.stat()
    # A file that is open must not be shared with a forked worker, hence the process's number.
    return _open_version(path, os.getpid(), (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=16)
def _open_version(path: Path, _process: int, _version: tuple[int, int]) -> "h5py.File":
    # h5py looks at the names of this machine when it is imported, for one of which Python would start `uname -p`.
    vars(platform.uname()).setdefault("processor", platform.machine())
    import h5py

    try:
        return h5py.File(path, "r")
    except _DAMAGE as error:
        with path.open("rb") as file:
            is_one = file.read(len(_SIGNATURE)) == _SIGNATURE
        found = f"a damaged one: {' '.join(str(error).split())}" if is_one else "another kind of file."
        raise DataError(f"expected an HDF5 file, but found {found}") from error


@lru_cache(maxsize=64)
def _find_shapes(path: Path, _version: tuple[int, int]) -> Mapping[str, tuple[int, ...]]:
    file = _open(path)
    import h5py

    shapes: dict[str, tuple[int, ...]] = {}

    def note(name: str, found: object) -> None:
        if isinstance(found, h5py.Dataset):
            shapes[name] = tuple(found.shape or ())

    try:
        file.visititems(note)
    except _DAMAGE as error:
        raise DataError(f"expected an HDF5 file, but found a damaged one: {' '.join(str(error).split())}") from error
    return MappingProxyType(shapes)
