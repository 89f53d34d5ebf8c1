"""Rows whose class a model does not know: no score is known for them, so scores are of the others, and say so."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..layout import Task
from .cell_columns import are_among, are_present, count_cells
from .labels import sort_naturally
from .table import Table


@attrs.frozen
class UnknownClasses:
    """What was left out of scores.

    Args:
        rows: how many rows; a row with several tasks is left out if the class of any of them is not known.
        of: how many there were with them.
        classes: rows by task, then by class, in natural order.

    Example:
        >>> print(UnknownClasses(3, 10, {"label": {"nap": 2, "run": 1}}))
        left out 3 of 10 rows, of classes that the model does not know: 'nap' (2), 'run' (1)
    """

    rows: int
    of: int
    classes: Mapping[str, Mapping[str, int]] = attrs.field(factory=dict)

    def __bool__(self) -> bool:
        """Whether any row was left out."""
        return self.rows > 0

    def __str__(self) -> str:
        """One line."""
        return f"left out {self.rows} of {self.of} rows, of classes that the model does not know: {self.name_classes()}"

    def name_classes(self) -> str:
        """The classes with their rows; with their tasks too, where those are several."""
        several = len(self.classes) > 1
        return ", ".join(
            f"{f'{task} ' if several else ''}{name!r} ({rows})"
            for task, found in self.classes.items()
            for name, rows in found.items()
        )

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return attrs.asdict(self)


def keep_known(table: Table, tasks: Sequence[Task]) -> tuple[Table, UnknownClasses]:
    """The rows whose classes are all known, and what is left out with the others.

    Rows without a label stay: whoever needs labels says which row lacks one.

    Args:
        table: rows.
        tasks: what the model predicts.

    Raises:
        DataError: if there are rows and none of them is left.

    Example:
        >>> from acclimate.framework.data import Row
        >>> rows = [Row(line, str(line), "a", "test", {"label": name}, {}) for line, name in enumerate("xyx")]
        >>> known, left_out = keep_known(Table(rows, ".", [], ["label"]), [Task("label", ("x", "z"))])
        >>> len(known), left_out.classes
        (2, {'label': {'y': 1}})
    """
    left_out = count_unknown(table, tasks)
    if not left_out:
        return table, left_out
    if left_out.rows == left_out.of:
        known = "; ".join(f"{task.name}: {', '.join(map(repr, task.classes or ()))}" for task in tasks)
        raise DataError(
            f"expected rows of classes that the model knows ({known}), but all {len(table)} are of others: "
            f"{left_out.name_classes()}."
        )
    return table.where(~_are_unknown(table, tasks)), left_out


def count_unknown(table: Table, tasks: Sequence[Task]) -> UnknownClasses:
    """The rows of classes that are not known.

    Args:
        table: rows.
        tasks: what the model predicts.
    """
    classes = {}
    for task in tasks:
        counts = count_cells(table.labels(task.name))
        unknown = [name for name in counts if task.classes is not None and name not in task.classes]
        if unknown:
            classes[task.name] = {name: counts[name] for name in sort_naturally(unknown)}
    return UnknownClasses(int(_are_unknown(table, tasks).sum()), len(table), classes)


def _are_unknown(table: Table, tasks: Sequence[Task]) -> NDArray[np.bool_]:
    found = np.zeros(len(table), np.bool_)
    for task in tasks:
        if task.classes is not None:
            cells = table.labels(task.name)
            found |= are_present(cells) & ~are_among(cells, task.classes)
    return found
