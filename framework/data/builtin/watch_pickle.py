"""Reads the one foreign pickle that the project touches: seglearn's recordings."""

import codecs
import hashlib
import importlib.util
import io
import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError

SHA256: Final = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
"""Of watch_dataset.npy in seglearn 1.2.5."""


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
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise DataError(f"{path}: expected SHA-256 {SHA256}, but found {found}: pip install seglearn==1.2.5")
    recordings: dict[str, Any] = unpickle(data).item()
    return recordings


def unpickle(data: bytes) -> NDArray[Any]:
    """An array of objects in numpy's file format.

    Its pickle may name three things of numpy's and one of Python's, those that arrays are made of.

    Raises:
        DataError: if it names something else.
    """
    stream = io.BytesIO(data)
    np.lib.format.read_magic(stream)
    np.lib.format.read_array_header_1_0(stream)
    array: NDArray[Any] = _ArrayUnpickler(stream).load()
    return array


def _make_dtype(code: str, align: int, copy: int) -> np.dtype[Any]:
    # The pickle has 0 and 1 where numpy 2 wants truth values, and warns.
    return np.dtype(code, align=bool(align), copy=bool(copy))


class _ArrayUnpickler(pickle.Unpickler):
    """Knows what arrays are made of."""

    _KNOWN: Final = {
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): _make_dtype,
        ("_codecs", "encode"): codecs.encode,
    }

    def find_class(self, module_name: str, global_name: str, /) -> object:
        if (module_name, global_name) not in self._KNOWN:
            raise DataError(
                f"a pickle of arrays must name what arrays are made of only, but names {module_name}.{global_name}."
            )
        return self._KNOWN[module_name, global_name]
