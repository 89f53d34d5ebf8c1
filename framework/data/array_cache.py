"""Arrays that a reader computes from a data set's own files, kept in the user's cache."""

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..files.whole_file import whole_file


def cache_arrays(name: str, version: str, make: Callable[[], Mapping[str, NDArray[Any]]]) -> Path:
    """The `.npz` of what `make` gives, made if it is not there yet.

    Args:
        name: of the file.
        version: another one is made anew, beside it: to be changed when the origin or `make` changes.
        make: gives arrays by key.

    Raises:
        DataError: if the cache cannot be written.
    """
    path = cache_folder() / f"{name}-{version}" / f"{name}.npz"
    if not zipfile.is_zipfile(path):
        arrays = make()
        try:
            _write(arrays, path)
        except OSError as error:
            raise DataError(
                f"{path}: expected a cache that can be written, but found: {error.strerror}: "
                "set XDG_CACHE_HOME to another folder."
            ) from error
    return path


def cache_folder() -> Path:
    """Where what can be made again is kept: in `XDG_CACHE_HOME`, else in the user's own cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache.absolute() / "acclimate"


def fingerprint(files: Iterable[Path]) -> str:
    """A version that changes when a file is added, or its size or time changes."""
    digest = hashlib.sha256()
    for path in sorted(files):
        status = path.stat()
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _write(arrays: Mapping[str, Any], path: Path) -> None:
    """Another process sees all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path, sync=False) as unfinished, unfinished.open("wb") as file:
        np.savez(file, **arrays)
