"""What a table's source rows say of its schema: the preprocessing of each modality, and the tasks."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import attrs
import numpy as np

from ..errors import DataError
from ..layout import Task
from .cell_columns import count_cells
from .cell_contents import CELLS, with_known_cells
from .decoding import Decoded
from .inline_text import find_stray_words
from .label_doubts import find_label_doubts
from .labels import TaskKind, make_task
from .preprocessing import Preprocessing
from .preprocessing.inference import infer_kind
from .problem import Problem
from .reading import read_modality
from .row import Row
from .table import Table

FITTED_ROWS: Final = 512
"""Preprocessing is fitted on this many rows a modality at most, spread evenly over the table, unless it wants all."""


def fit_preprocessing(
    table: Table, overrides: Mapping[str, Mapping[str, object]] | None = None
) -> dict[str, Preprocessing]:
    """Infer the preprocessing of each modality.

    Args:
        table: the source's training rows; no label is read.
        overrides: fields of a modality's preprocessing that are known, among them its `kind`; or those of all
            modalities of a kind that do not stand for themselves.

    Raises:
        DataError: if a modality has no data, its files do not fit together, or a name is not in the table. The message
            names the row.
    """
    overrides = overrides or {}
    table = with_known_cells(table, overrides)
    fitted = {name: fit_modality(table, name, overrides) for name in table.modalities}
    check_overrides(overrides, fitted)
    return fitted


def fit_modality(
    table: Table, modality: str, overrides: Mapping[str, Mapping[str, object]] | None = None
) -> Preprocessing:
    """Infer the preprocessing of one modality; see `fit_preprocessing`.

    Raises:
        DataError: if there are no data, or its files do not fit together.
    """
    overrides = overrides or {}
    kind = _find_kind(table, modality, overrides)
    fields = dict(overrides.get(modality, overrides.get(kind, {})))
    fields.pop("kind", None)
    # Of all kinds but text, cells are files in any case.
    if kind != "text" and fields.pop(CELLS, "file") == "text":
        raise DataError(f"{modality}: where {CELLS} are text, kind must be text, but is {kind!r}.")
    fitted = Preprocessing.of_kind(kind)
    column = _Column(table, modality, rows_to_fit(table, modality, fitted))
    with _named_row(column):
        return fitted.fit(column, fields)


def rows_to_fit(table: Table, modality: str, preprocessing: type[Preprocessing] | None = None) -> list[Row]:
    """The rows that a modality's preprocessing is fitted on; where None, those that its kind is inferred from.

    Raises:
        DataError: if no row has the modality.
    """
    positions = np.flatnonzero(table.present(modality)).tolist()
    if not positions:
        raise DataError(f"modality {modality!r} must be there in some of the source's training rows, but is in none.")
    fits_all = preprocessing is not None and preprocessing.fits_all_rows
    return list(table.take(positions if fits_all else _spread(positions)).rows)


def check_overrides(overrides: Mapping[str, Mapping[str, object]], fitted: Mapping[str, Preprocessing]) -> None:
    """Check that all that is known of preprocessing is of a modality, or of a kind that one of them has.

    Raises:
        DataError: if it is of something else.
    """
    kinds = (preprocessing.kind for preprocessing in fitted.values())
    _check_names("modality or kind of input", overrides, tuple(dict.fromkeys((*fitted, *kinds))))


def check_labels(table: Table, kinds: Mapping[str, TaskKind]) -> None:
    """Check that there are tasks, those of `kinds` among them; no label is read.

    Raises:
        DataError: if there is none, or not one of these.
    """
    _check_names("task", kinds, table.tasks)
    if not table.tasks:
        raise DataError("the source must have labels, but the table has no column 'label' or 'label.<task>'.")


def fit_tasks(table: Table, kinds: Mapping[str, TaskKind]) -> tuple[Task, ...]:
    """The tasks that a table's label columns make, with the classes that its rows have.

    Args:
        table: the source's training rows.
        kinds: of tasks, by name, where `Table.kind` would be wrong.

    Raises:
        DataError: if a task has fewer than two classes, a regression target is no number, or labels are certain to be
            something else than the classes that they would be taken for; see `find_label_doubts`.
    """
    return tuple(fit_task(table, name, kinds.get(name)) for name in table.tasks)


def fit_task(table: Table, name: str, kind: TaskKind | None = None) -> Task:
    """One of the tasks that `fit_tasks` makes."""
    kind = kind or table.kinds.get(name)
    if name in table.classes and kind != "regression":
        return Task(name, table.classes[name])
    for doubt in find_label_doubts(table if kind is None else table.with_kinds({name: kind}), name):
        if doubt.refused:
            raise DataError(f"{doubt.message}.")
    return make_task(name, count_cells(table.labels(name)), kind)


@attrs.define
class _Column:
    """A modality of some rows, decoded one by one; remembers where it is."""

    table: Table
    modality: str
    rows: list[Row]
    current: Row | None = None

    def __iter__(self) -> Iterator[Decoded]:
        for row in self.rows:
            self.current = row
            decoded = read_modality(self.table, row, self.modality)
            if decoded is not None:
                yield decoded


def _find_kind(table: Table, modality: str, overrides: Mapping[str, Mapping[str, object]]) -> str:
    known = overrides.get(modality, {}).get("kind")
    if known is not None:
        return Preprocessing.of_kind(known).kind
    column = _Column(table, modality, rows_to_fit(table, modality))
    stray = find_stray_words(table, modality)
    if stray is not None:
        raise DataError(str(stray))
    with _named_row(column):
        return infer_kind(column)


def _spread(positions: list[int]) -> list[int]:
    chosen = np.linspace(0, len(positions) - 1, min(FITTED_ROWS, len(positions))).round().astype(int)
    return [positions[number] for number in chosen]


@contextmanager
def _named_row(column: _Column) -> Iterator[None]:
    """Say in errors which row was being read."""
    try:
        yield
    except DataError as error:
        row = column.current or column.rows[0]
        raise DataError(str(Problem(str(error), row.line, row.id, column.modality))) from error


def _check_names(what: str, given: Mapping[str, object], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise DataError(f"{what} must be one of {', '.join(map(repr, known)) or 'none'}, but got {name!r}.")
