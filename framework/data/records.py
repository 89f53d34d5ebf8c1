"""Files of a table as records: CSV, Parquet and JSON lines, all cells text."""

import csv
import importlib.util
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from ..errors import DataError
from ..files.whole_file import whole_file

Record: TypeAlias = tuple[int, Mapping[str, str | None]]
"""Number of the line and cell by column."""

_Cells: TypeAlias = Sequence[Mapping[str, str | None]]


def read_records(path: Path) -> tuple[list[str], list[Record]]:
    """Names of the columns, and the records.

    Raises:
        DataError: if the file is missing, of another kind, empty or damaged.
    """
    readers = {".csv": _read_csv, ".jsonl": _read_json_lines, ".parquet": _read_parquet}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path}: a table's name must end in {', '.join(readers)}, but got {path.suffix!r}.")
    if not path.is_file():
        raise DataError(f"{path}: expected a table, but found no such file.")
    with _named_errors(path):
        names, records = readers[path.suffix.lower()](path)
    if not records:
        raise DataError(f"{path}: a table must have at least one row, but this one is empty.")
    return names, records


def read_delimited(path: Path, delimiter: str = ",") -> tuple[list[str], list[Record]]:
    """Names of the columns of a text file whose cells stand between delimiters, and its records.

    Raises:
        DataError: if the file is missing or not UTF-8, a line has another number of cells, or its quotes are wrong.
    """
    with _named_errors(path):
        return _read_csv(path, delimiter)


def write_records(path: Path, names: Sequence[str], records: Iterable[Mapping[str, str | None]]) -> None:
    """Write records as `read_records` reads them: the file is there whole or not at all.

    Raises:
        DataError: if the name ends in something else, or Parquet is not installed.
        WriteError: if the file cannot be written.
    """
    check_table_name(path)
    rows = [{name: record.get(name) for name in names} for record in records]
    with whole_file(path) as unfinished:
        _WRITERS[path.suffix.lower()](unfinished, names, rows)


def check_table_name(path: Path) -> None:
    """Refuse a name that is none of a table that can be written.

    Raises:
        DataError: if it ends in something else, or Parquet is not installed.
    """
    if path.suffix.lower() not in _WRITERS:
        raise DataError(f"{path}: a table's name must end in .csv, .jsonl or .parquet, but got {path.suffix!r}.")
    if path.suffix.lower() == ".parquet":
        _require_pyarrow(path)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: expected text in UTF-8, but found byte {error.object[error.start]:#04x}.") from error
    except OSError as error:
        raise DataError(f"{path}: expected a file that can be read, but found: {error.strerror}.") from error


def _read_csv(path: Path, delimiter: str = ",") -> tuple[list[str], list[Record]]:
    records: list[Record] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        try:
            names = [name.strip() for name in next(reader, [])]
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(names):
                    raise DataError(
                        f"{path}, line {reader.line_num}: expected {len(names)} cells, but found {len(cells)}."
                    )
                records.append((reader.line_num, {name: _clean(cell) for name, cell in zip(names, cells, strict=True)}))
        except csv.Error as error:
            raise DataError(f"{path}, line {reader.line_num}: expected CSV, but found: {error}.") from error
    return names, records


def _read_json_lines(path: Path) -> tuple[list[str], list[Record]]:
    records: list[Record] = []
    names: dict[str, None] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"{path}, line {line}: expected a JSON object, but found: {error.msg}.") from error
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {line}: expected a JSON object, but found {text[:40]!r}.")
        names.update(dict.fromkeys(record))
        records.append((line, {name: _to_cell(value, f"{path}, line {line}") for name, value in record.items()}))
    return list(names), records


def _read_parquet(path: Path) -> tuple[list[str], list[Record]]:
    _require_pyarrow(path)
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(path)
    except pa.ArrowException as error:
        raise DataError(f"{path}: expected Parquet, but found: {str(error).splitlines()[0]}") from error
    records: list[Record] = []
    for row, record in enumerate(table.to_pylist(), start=1):
        records.append((row, {name: _to_cell(value, f"{path}, line {row}") for name, value in record.items()}))
    return list(table.column_names), records


def _write_csv(path: Path, names: Sequence[str], rows: _Cells) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_json_lines(path: Path, _names: Sequence[str], rows: _Cells) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _write_parquet(path: Path, names: Sequence[str], rows: _Cells) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({name: pa.array([row[name] for row in rows], "string") for name in names}), path)


def _require_pyarrow(path: Path) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise DataError(f"{path}: Parquet needs pyarrow: pip install acclimate[train]")


def _to_cell(value: object, where: str) -> str | None:
    """A cell's value as text; a float that is not a number is an empty cell, as in data frames."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if not isinstance(value, str | int | float):
        raise DataError(f"{where}: a cell must be text or a number, but got {value!r}.")
    return _clean(str(value))


def _clean(cell: str) -> str | None:
    return cell.strip() or None


_WRITERS: Final[Mapping[str, Callable[[Path, Sequence[str], _Cells], None]]] = MappingProxyType(
    {".csv": _write_csv, ".jsonl": _write_json_lines, ".parquet": _write_parquet}
)
