"""Reads the one pickle that a data set needs: seglearn's recordings."""

import importlib.util
import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.bounded_file import read_bounded
from ...files.hashes import sha256
from ..pickles import unpickle

SHA256: Final = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
"""Of watch_dataset.npy in seglearn 1.2.5."""

_MAX_BYTES: Final = 64 * 2**20
"""Of that file, which has less."""


def find_recordings() -> Path:
    """Where seglearn's recordings are installed; the package is not imported.

    Raises:
        DataError: if it is not installed.
    """
    package = importlib.util.find_spec("seglearn")
    for folder in (package.submodule_search_locations or ()) if package else ():
        path = Path(folder) / "data" / "watch_dataset.npy"
        if path.is_file():
            return path
    raise DataError(
        "the data set wrist lies in the package seglearn, which is not installed: pip install acclimate[demo]"
    )


def read_recordings(path: Path) -> dict[str, Any]:
    """The recordings: `X`, a list of `(T, 6)` arrays, and one array each of `y`, `subject` and `side`.

    Raises:
        DataError: if the file is not, byte for byte, the one that is known.
    """
    data = read_bounded(path, _MAX_BYTES)
    found = sha256(data)
    if found != SHA256:
        raise DataError(f"{path}: expected SHA-256 {SHA256}, but found {found}: pip install seglearn==1.2.5")
    recordings: dict[str, Any] = unpickle_array(data).item()
    return recordings


def unpickle_array(data: bytes) -> NDArray[Any]:
    """An array of objects in numpy's file format; nothing that its pickle names is run.

    Raises:
        DataError: if it names something that is no data.
    """
    stream = io.BytesIO(data)
    np.lib.format.read_magic(stream)
    np.lib.format.read_array_header_1_0(stream)
    array = unpickle(stream)
    if not isinstance(array, np.ndarray):
        raise DataError(f"expected an array, but found {type(array).__name__}.")
    return array
