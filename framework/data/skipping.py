"""Leaves out rows whose files cannot be used. Never by itself: only where the user asks for it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..errors import DataError
from .cell_contents import with_fitted_cells, with_known_cells
from .consistency import check_files
from .problem import Problem
from .reading import read_modality
from .row import Row
from .schema import Schema
from .table import Table


def find_bad_rows(
    training: Table, others: Sequence[Table] = (), overrides: Mapping[str, Mapping[str, object]] | None = None
) -> tuple[Problem, ...]:
    """Find what would stop a training, before it starts: every file is read, those of the training rows twice.

    Args:
        training: rows that the schema is to be fitted on.
        others: rows that are to fit it.
        overrides: see `Schema.fit`.

    Returns:
        One problem for each file of the training rows that cannot be read or differs from most others, and for each
        one of any row that does not fit the schema of the rest.

    Raises:
        DataError: if no schema can be fitted on the training rows that are left; see `leave_out` too.
    """
    overrides = overrides or {}
    training = with_known_cells(training, overrides)
    problems = [problem for modality in training.modalities for problem in check_files(training, modality, overrides)]
    fitted = leave_out(training, problems, labelled=True)
    schema = Schema.fit(fitted, overrides)
    problems += [problem for table in (fitted, *others) for problem in find_misfits(table, schema)]
    return tuple(problems)


def find_misfits(table: Table, schema: Schema) -> Iterator[Problem]:
    """Prepare every file as training and evaluation do, and give a problem for each that cannot be read or used."""
    table = with_fitted_cells(table, schema.preprocessing)
    for row in table.rows:
        for modality, preprocessing in schema.preprocessing.items():
            try:
                decoded = read_modality(table, row, modality)
                if decoded is not None:
                    preprocessing(decoded)
            except DataError as error:
                yield Problem(str(error), row.line, row.id, modality)


def leave_out(table: Table, problems: Iterable[Problem], *, labelled: bool) -> Table:
    """The table without the rows that have a problem.

    Args:
        table: rows.
        problems: of any rows.
        labelled: whether classes must keep training rows; if not, no label is looked at.

    Raises:
        DataError: if no row of a domain's split is left, or no training row of a class.

    Example:
        >>> rows = [Row(line, str(line), "lab", "train", {}, {"audio": "a.wav"}) for line in (2, 3)]
        >>> table = Table(rows, ".", ["audio"], [])
        >>> [row.id for row in leave_out(table, [Problem("no.", 2, "2", "audio")], labelled=True).rows]
        ['3']
    """
    first = {(problem.line, problem.id): problem for problem in reversed(tuple(problems))}
    if not first:
        return table
    bad = [row for row in table.rows if (row.line, row.id) in first]
    left = table.with_rows(row for row in table.rows if (row.line, row.id) not in first)
    tasks = [task for task in table.tasks if table.kind(task) == "classes"] if labelled else []
    before, after = (Counter(key for row in rows for key in _kinds(row, tasks)) for rows in (table.rows, left.rows))
    for key, rows in before.items():
        if key not in after:
            example = next(first[row.line, row.id] for row in bad if key in _kinds(row, tasks))
            raise DataError(f"{key} has no row left: all {rows} cannot be used, the first for this reason: {example}")
    return left


def _kinds(row: Row, tasks: Sequence[str]) -> Iterator[str]:
    """What must not be lost with a row."""
    yield f"domain {row.domain!r}, split {row.split!r},"
    for task in tasks if row.split == "train" else ():
        if row.labels[task] is not None:
            yield f"task {task!r}, class {row.labels[task]!r} in training"
