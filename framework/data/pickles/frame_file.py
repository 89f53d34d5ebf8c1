"""A data frame as a .csv."""

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from ...errors import DataError
from .budget import ELEMENT, spend
from .frame import Frame


def write_frame(frame: Frame, path: Path) -> list[str]:
    """Write the columns, after the index unless it only numbers the rows.

    Returns:
        Names of the columns.

    Raises:
        DataError: if a cell is neither text nor a number, nor a list, or the index is called as a column is.
        OSError: if the file cannot be written.
    """
    spend(ELEMENT * sum(map(len, frame.columns.values())))
    columns: dict[str, list[object]] = {name: column.tolist() for name, column in frame.columns.items()}
    if not frame.index.counted:
        index = {name: list(labels) for name, labels in frame.index.columns.items()}
        if taken := next((name for name in index if name in columns), None):
            raise DataError(f"expected names that differ, but found a column and an index called {taken!r}.")
        columns = {**index, **columns}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(_to_cells(columns))
    return list(columns)


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
