"""Writes records as a table's file."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from ...errors import DataError
from ...files.whole_file import whole_file
from .parquet import require_pyarrow

_Cells: TypeAlias = Sequence[Mapping[str, str | None]]


def write_records(path: Path, names: Sequence[str], records: Iterable[Mapping[str, str | None]]) -> None:
    """Write records as `open_records` reads them: the file is there whole or not at all.

    Raises:
        DataError: if the name ends in something else, Parquet is not installed, or a cell cannot be written as UTF-8.
        WriteError: if the file cannot be written.
    """
    check_table_name(path)
    rows = [{name: record.get(name) for name in names} for record in records]
    with whole_file(path) as unfinished:
        try:
            _WRITERS[path.suffix.lower()](unfinished, names, rows)
        except UnicodeEncodeError as error:
            cell = error.object[max(0, error.start - 20) : error.end]
            raise DataError(f"{path}: expected text, but found {cell!a}, which no file can hold.") from error


def check_table_name(path: Path) -> None:
    """Refuse a name that is none of a table that can be written.

    Raises:
        DataError: if it ends in something else, or Parquet is not installed.
    """
    if path.suffix.lower() not in _WRITERS:
        *most, last = _WRITERS
        raise DataError(f"{path}: a table's name must end in {', '.join(most)} or {last}, but got {path.suffix!r}.")
    if path.suffix.lower() == ".parquet":
        require_pyarrow(path)


def _write_csv(path: Path, names: Sequence[str], rows: _Cells, delimiter: str = ",") -> None:
    # By itself it leaves a carriage return without quotes, which ends a line for whoever reads it.
    odd = any("\r" in cell for row in rows for cell in row.values() if cell)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(
            file,
            names,
            lineterminator="\n",
            delimiter=delimiter,
            quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL,
        )
        writer.writeheader()
        writer.writerows(rows)


def _write_tsv(path: Path, names: Sequence[str], rows: _Cells) -> None:
    _write_csv(path, names, rows, "\t")


def _write_json_lines(path: Path, _names: Sequence[str], rows: _Cells) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _write_parquet(path: Path, names: Sequence[str], rows: _Cells) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({name: pa.array([row[name] for row in rows], "string") for name in names}), path)


_WRITERS: Final[Mapping[str, Callable[[Path, Sequence[str], _Cells], None]]] = MappingProxyType(
    {".csv": _write_csv, ".tsv": _write_tsv, ".jsonl": _write_json_lines, ".parquet": _write_parquet}
)
