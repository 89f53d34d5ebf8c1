"""Labels of a table's rows as numbers: classes by their index, or the values of a regression target."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..layout import Task
from .cell_columns import RepeatedCells, are_present, count_cells
from .labels import encode_label
from .problem import Problem
from .table import Table

UNKNOWN_CLASS: Final = -1
"""The label of a row whose class the schema does not know, where that is allowed."""


def encode_labels(table: Table, tasks: Sequence[Task], *, unknown_classes: bool = False) -> dict[str, NDArray[Any]]:
    """The labels of all rows, `(N,)` by task: int64 for classes, float64 for regression.

    Args:
        table: rows.
        tasks: what is predicted.
        unknown_classes: whether a class that a task does not have is `UNKNOWN_CLASS`.

    Raises:
        DataError: naming the first row that has no label, or one that its task does not take.

    Example:
        >>> from acclimate.framework.data import Row
        >>> rows = [Row(line, str(line), "a", "test", {"label": name}, {}) for line, name in enumerate("xyx")]
        >>> encode_labels(Table(rows, ".", [], ["label"]), [Task("label", ("x", "y"))])
        {'label': array([0, 1, 0])}
    """
    encoded: dict[str, NDArray[Any]] = {}
    bad = np.zeros(len(table), np.bool_)
    for task in tasks:
        cells = table.labels(task.name)
        numbers: dict[str, int | float] = {}
        for cell in count_cells(cells):
            try:
                numbers[cell] = encode_label(task, cell)
            except DataError:
                if unknown_classes and task.classes is not None:
                    numbers[cell] = UNKNOWN_CLASS
        bad |= ~are_present(cells)
        if isinstance(cells, RepeatedCells):
            # The last is what empty cells find.
            known = np.array([numbers.get(value, np.nan) for value in (*cells.values, "")], np.float64)
            values = known[cells.codes]
        else:
            found = (np.nan if cell is None else numbers.get(cell, np.nan) for cell in cells)
            values = np.fromiter(found, np.float64, len(cells))
        bad |= np.isnan(values)
        encoded[task.name] = values if task.classes is None else np.where(bad, 0, values).astype(np.int64)
    if bad.any():
        _refuse(table, int(np.flatnonzero(bad)[0]), tasks)
    return encoded


def _refuse(table: Table, position: int, tasks: Sequence[Task]) -> None:
    row = table.rows[position]
    for task in tasks:
        try:
            encode_label(task, row.labels.get(task.name))
        except DataError as error:
            raise DataError(str(Problem(f"task {task.name!r}: {error}", row.line, row.id))) from error
