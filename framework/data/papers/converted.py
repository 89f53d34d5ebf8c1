"""Arrays that a data set distributes as a pickle, and that the user has converted: training never reads a pickle."""

import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib.npyio import NpzFile

from ...errors import DataError
from .layout import DataSetFolder

_DAMAGE: Final = (OSError, ValueError, EOFError, zipfile.BadZipFile)


def require_converted(folder: DataSetFolder, *pickles: str, suffix: str = ".npz") -> Path:
    """What the first pickle that was converted became, beside it.

    Args:
        folder: of the data set.
        pickles: names, relative to the folder, any of which will do.
        suffix: `.npz` for arrays, `.csv` for a table.

    Raises:
        DataError: if none was; it says which command converts the first one that is there.
    """
    root = folder.require()
    for name in pickles:
        if (path := (root / name).with_suffix(suffix)).is_file():
            return path
    pickle = root / folder.require_one(*pickles)
    raise DataError(
        f"{pickle}: a pickle can run anything when it is read, so training never reads one. Convert it once: "
        f"acclimate data convert {pickle} {pickle.with_suffix(suffix)}"
    )


def open_arrays(path: Path) -> "NpzFile[Any]":
    """An archive of arrays, whose members are read as they are asked for; to be closed.

    Raises:
        DataError: if it is none.
    """
    try:
        archive = np.load(path, allow_pickle=False)
    except _DAMAGE as error:
        raise DataError(f"{path}: expected an archive of arrays (.npz), but found: {error}") from error
    if not isinstance(archive, NpzFile):
        raise DataError(f"{path}: expected an archive of arrays (.npz), but found one array.")
    return archive


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of each array of an archive by its name; the arrays themselves are not read.

    Raises:
        DataError: if it is none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): _read_shape(archive, name) for name in archive.namelist()}
    except _DAMAGE as error:
        raise DataError(f"{path}: expected an archive of arrays (.npz), but found: {error}") from error


def _read_shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with archive.open(name) as member:
        version = np.lib.format.read_magic(member)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape: tuple[int, ...] = header(member)[0]
    return shape
