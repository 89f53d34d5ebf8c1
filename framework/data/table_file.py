"""Tables from files and to files."""

from collections.abc import Iterator
from pathlib import Path

import attrs
import numpy as np

from ..errors import DataError
from .columns import GROUP, REQUIRED, corruption_column, is_ignored, label_column, read_header
from .problem import Problem
from .records import open_records, write_records
from .row import Row
from .row_builder import build_rows
from .row_faults import find_faults
from .table import Table


def read_table(path: Path | str) -> Table:
    """Read a table from a .csv, .tsv, .jsonl or .parquet file.

    Columns `id`, `domain` and `split` are required; `label` or `label.<task>` hold labels, which may be empty; `group`
    keeps rows together; `corrupt.<modality>` says what spoils a modality when it is read (see `parse_chain`);
    `meta.<name>` is ignored; any other column is a modality, whose cells hold a path relative to the table's folder
    (see `parse_reference`), inline text, or nothing.

    Raises:
        DataError: if the file cannot be read, a required column or cell is missing, an id stands twice, a row has no
            modality, or a corruption is not known. The message names the first such row.
    """
    table, problems = scan_table(path)
    if problems:
        others = f" (the first of {len(problems)} such rows)" if len(problems) > 1 else ""
        raise DataError(f"{path}, {problems[0]}{others}")
    return table


def scan_table(path: Path | str) -> tuple[Table, tuple[Problem, ...]]:
    """Read a table, leave out rows that break a rule, and say which.

    Raises:
        DataError: if the file as a whole cannot be read.
    """
    path = Path(path)
    with open_records(path, is_ignored) as (names, records):
        columns = read_header(names, str(path))
        rows = build_rows(records, columns)
    faults = find_faults(rows)
    if faults:
        rows = rows.take(np.array([position for position in range(len(rows)) if position not in faults], np.int64))
    table = Table(rows, path.parent.absolute(), columns.modalities, tuple(columns.tasks))
    return table, tuple(faults[position] for position in sorted(faults))


def write_table(table: Table, path: Path | str) -> None:
    """Write a table to a .csv, .tsv, .jsonl or .parquet file; relative paths in its cells stay as they are.

    `name_unwritten` says what of the table no file can hold.

    Raises:
        DataError: if the name ends in something else, or Parquet is not installed.
        WriteError: if the file cannot be written; what was there stays.
    """
    names = [*REQUIRED, *(label_column(task) for task in table.tasks), GROUP, *table.modalities]
    if all(row.group is None for row in table.rows):
        names.remove(GROUP)
    corrupted = {modality for row in table.rows for modality in row.corruptions}
    names += [corruption_column(modality) for modality in table.modalities if modality in corrupted]
    write_records(Path(path), names, [_to_record(row) for row in table.rows])


def name_unwritten(table: Table) -> Iterator[str]:
    """What a table knows of its tasks and `write_table` cannot write, with what to do about it.

    Example:
        >>> table = Table([], ".", ["audio"], ["label"], kinds={"label": "regression"})
        >>> list(name_unwritten(table))
        ["a file cannot say what task 'label' is: give --task label=regression with it"]
    """
    for task, kind in table.kinds.items():
        yield f"a file cannot say what task {task!r} is: give --task {task}={kind} with it"
    for task, classes in table.classes.items():
        yield (
            f"a file cannot name the {len(classes)} classes of task {task!r}: with it, a model knows those alone that "
            "the source's training rows have"
        )


def _to_record(row: Row) -> dict[str, str | None]:
    labels = {label_column(task): value for task, value in row.labels.items()}
    corruptions = {corruption_column(modality): cell for modality, cell in row.corruptions.items()}
    fields = attrs.asdict(row, filter=attrs.filters.include("id", "domain", "split", "group"))
    return {**fields, **labels, **row.cells, **corruptions}
