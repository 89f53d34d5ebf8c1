"""Tables from files and to files."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from sys import intern

import attrs

from ..errors import DataError
from .columns import GROUP, REQUIRED, Columns, corruption_column, is_ignored, label_column, read_header
from .corruptions.chain import parse_chain
from .problem import Problem
from .records import Record, read_records, write_records
from .table import Row, Table


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
    names, records = read_records(path, is_ignored)
    columns = read_header(names, str(path))
    rows: list[Row] = []
    problems: list[Problem] = []
    lines: dict[str, int] = {}
    for line, record in records:
        row = _to_row((line, record), columns)
        problem = _find_problem(row, lines)
        if problem is None:
            rows.append(row)
        else:
            problems.append(problem)
        lines.setdefault(row.id, line)
    table = Table(rows, path.parent.absolute(), columns.modalities, tuple(columns.tasks))
    return table, tuple(problems)


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


def _to_row(record: Record, columns: Columns) -> Row:
    line, cells = record
    return Row(
        line=line,
        id=cells.get("id") or "",
        domain=intern(cells.get("domain") or ""),
        split=intern(cells.get("split") or ""),
        labels={task: _share(cells.get(column)) for task, column in columns.tasks.items()},
        cells={modality: cells.get(modality) for modality in columns.modalities},
        group=_share(cells.get(GROUP)),
        **_corruptions(cells, columns),
    )


def _share(cell: str | None) -> str | None:
    """One string in memory for all rows that have it."""
    return None if cell is None else intern(cell)


def _corruptions(cells: Mapping[str, str | None], columns: Columns) -> dict[str, dict[str, str]]:
    """The argument of that name for a row, which keeps its default where nothing is corrupted."""
    found = {name: cell for name, column in columns.corruptions.items() if (cell := cells.get(column)) is not None}
    return {"corruptions": found} if found else {}


def _find_problem(row: Row, lines: Mapping[str, int]) -> Problem | None:
    for name in REQUIRED:
        if not getattr(row, name):
            return Problem(f"expected a cell in column {name!r}, but found it empty.", row.line, row.id or None)
    if row.id in lines:
        return Problem(f"expected an id of its own, but found it in line {lines[row.id]} too.", row.line, row.id)
    if not any(row.cells.values()):
        return Problem(f"expected at least one of {_list(row.cells)}, but found no modality.", row.line, row.id)
    if (row.domain, row.split) == REQUIRED[1:]:
        return Problem("expected a sample, but found the header once more: were files put together?", row.line, row.id)
    for modality, cell in row.corruptions.items():
        try:
            parse_chain(cell)
        except DataError as error:
            return Problem(str(error), row.line, row.id, modality)
    return None


def _list(names: Collection[str]) -> str:
    return f"{', '.join(list(names)[:10])}{', ...' if len(names) > 10 else ''}"


def _to_record(row: Row) -> dict[str, str | None]:
    labels = {label_column(task): value for task, value in row.labels.items()}
    corruptions = {corruption_column(modality): cell for modality, cell in row.corruptions.items()}
    fields = attrs.asdict(row, filter=attrs.filters.include("id", "domain", "split", "group"))
    return {**fields, **labels, **row.cells, **corruptions}
