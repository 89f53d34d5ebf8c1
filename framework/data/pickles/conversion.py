"""A pickle as a .npz or .csv."""

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import numpy as np

from ...errors import DataError, WriteError
from ...files.bounded_file import open_regular
from ...files.folders import check_folder, make_folder
from ...files.whole_file import whole_file
from .budget import budget
from .flattening import flatten
from .frame import Frame
from .frame_file import write_frame
from .unpickling import unpickle

if TYPE_CHECKING:
    from io import BufferedReader

Writer: TypeAlias = Callable[[Path, Any], list[str]]


def convert(pickle: Path, out: Path) -> list[str]:
    """Write what a pickle holds as arrays (.npz) or, a data frame, as a table (.csv); see `unpickle` and `flatten`.

    Arrays are not compressed, so that rows can be read without the whole. The data frame's index is the first column,
    unless it only numbers the rows.

    Args:
        pickle: file to read.
        out: file to write; it must not exist.

    Returns:
        What was written, a line for each array or for the table.

    Raises:
        DataError: if the pickle names anything but data, does not fit what is to be written, or a file is in the way.
        WriteError: if the file cannot be written.
    """
    if out.suffix.lower() not in _WRITERS:
        raise DataError(f"{out}: the name of what is written must end in {' or '.join(_WRITERS)}.")
    if out.exists():
        raise DataError(f"{out}: expected no such file yet, but found one.")
    check_folder(out.parent)
    with open_regular(pickle) as file, _named_errors(pickle):
        value = unpickle(cast("BufferedReader", file))
        make_folder(out.parent)
        # What is written may name the same things again and again, as the pickle may.
        with whole_file(out) as unfinished, budget(pickle.stat().st_size):
            written = _WRITERS[out.suffix.lower()](unfinished, value)
    return [f"{out}: {line}" for line in written]


@contextmanager
def _named_errors(pickle: Path) -> Iterator[None]:
    try:
        yield
    except WriteError:
        raise
    except DataError as error:
        raise DataError(f"{pickle}: {error}") from error
    except OSError as error:
        raise DataError(f"{pickle}: expected a file that can be read, but found: {error.strerror}.") from error
    except MemoryError:
        raise DataError(f"{pickle}: expected a pickle that fits in memory, but there is not enough for it.") from None


def _write_arrays(path: Path, value: object) -> list[str]:
    arrays = flatten(value)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return [f"{name}, {array.dtype} of shape {array.shape}" for name, array in arrays.items()]


def _write_table(path: Path, value: object) -> list[str]:
    if not isinstance(value, Frame):
        raise DataError(f"expected a data frame, but found {type(value).__name__}: convert it to a .npz.")
    names = write_frame(value, path)
    return [f"{len(value.index.labels)} rows of {', '.join(names)}"]


_WRITERS: Final[Mapping[str, Writer]] = MappingProxyType({".npz": _write_arrays, ".csv": _write_table})
