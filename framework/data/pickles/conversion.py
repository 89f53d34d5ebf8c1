"""A pickle as a .npz or .csv."""

import csv
import math
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np

from ...errors import DataError
from .flattening import flatten
from .frame import Frame
from .unpickling import unpickle

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
    """
    if out.suffix.lower() not in _WRITERS:
        raise DataError(f"{out}: the name of what is written must end in {' or '.join(_WRITERS)}.")
    if out.exists():
        raise DataError(f"{out}: expected no such file yet, but found one.")
    if not pickle.is_file():
        raise DataError(f"{pickle}: expected a pickle, but found no such file.")
    try:
        with pickle.open("rb") as file:
            value = unpickle(file)
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            written = _WRITERS[out.suffix.lower()](Path(folder, out.name), value)
            Path(folder, out.name).replace(out)
    except DataError as error:
        raise DataError(f"{pickle}: {error}") from error
    except RecursionError:
        raise DataError(f"{pickle}: expected data, but found lists in lists without an end.") from None
    except OSError as error:
        raise DataError(f"{out}: expected to read and write files, but found: {error.strerror}.") from error
    return [f"{out}: {line}" for line in written]


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
    columns: dict[str, list[object]] = {name: column.tolist() for name, column in value.columns.items()}
    if not value.index.counted:
        columns = {value.index.name or "index": list(value.index.labels), **columns}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(_to_cells(columns))
    return [f"{len(value.index.labels)} rows of {', '.join(columns)}"]


def _to_cells(columns: Mapping[str, list[object]]) -> Iterator[list[str]]:
    for line, row in enumerate(zip(*columns.values(), strict=True), start=2):
        yield [_to_cell(cell, f"line {line}, {name}") for name, cell in zip(columns, row, strict=True)]


def _to_cell(value: object, where: str) -> str:
    """As pandas writes it: nothing for a missing value, a list as Python prints it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    if not isinstance(value, str | int | float | list | tuple):
        raise DataError(f"{where}: expected text, a number or a list, but found {type(value).__name__}.")
    return str(value)


_WRITERS: Final[Mapping[str, Writer]] = MappingProxyType({".npz": _write_arrays, ".csv": _write_table})
