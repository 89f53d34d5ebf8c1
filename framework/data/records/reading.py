"""Reads a table's file, of whatever kind."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ...errors import DataError
from .delimited import open_delimited_text
from .json_lines import open_json_lines
from .parquet import open_parquet
from .record import IsIgnored, Record

_READERS: Final[Mapping[str, Callable[..., AbstractContextManager[tuple[list[str], Iterator[Record]]]]]] = (
    MappingProxyType(
        {
            ".csv": open_delimited_text,
            ".tsv": open_delimited_text,
            ".jsonl": open_json_lines,
            ".parquet": open_parquet,
        }
    )
)

_ADVICE: Final = MappingProxyType(
    {
        **dict.fromkeys((".xls", ".xlsx", ".xlsm", ".ods", ".numbers"), "save the sheet as CSV in UTF-8"),
        **dict.fromkeys((".json", ".ndjson"), "write an object a line, and call it .jsonl"),
        **dict.fromkeys((".gz", ".zip", ".bz2", ".xz", ".zst"), "unpack it"),
        **dict.fromkeys((".pkl", ".pickle"), "convert it with: acclimate data convert"),
        **dict.fromkeys((".txt", ".tab", ".dat"), "if its cells stand between delimiters, call it .csv or .tsv"),
        **dict.fromkeys((".feather", ".arrow", ".h5", ".orc", ".sqlite", ".db"), "write it as .parquet or .csv"),
    }
)


@contextmanager
def open_records(path: Path, is_ignored: IsIgnored = lambda _: False) -> Iterator[tuple[list[str], Iterator[Record]]]:
    """Names of the columns, and the records, which are read as they are asked for.

    Args:
        path: of the file.
        is_ignored: says by their names which columns are left out of the records: whatever they hold is not looked at.

    Raises:
        DataError: if the file is missing, of another kind, empty or damaged, a name stands twice, or a cell is neither
            text nor a number.
    """
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        advice = f"; {_ADVICE[suffix]}" if suffix in _ADVICE else ""
        raise DataError(f"{path}: a table's name must end in {', '.join(_READERS)}, but got {path.suffix!r}{advice}.")
    with _named_errors(path), _READERS[suffix](path, is_ignored=is_ignored) as (names, records):
        first = next(records, None)
        if first is None:
            raise DataError(f"{path}: a table must have at least one row, but this one is empty.")
        yield names, chain([first], records)


def read_delimited(path: Path, delimiter: str = ",") -> tuple[list[str], list[Record]]:
    """Names of the columns of a text file whose cells stand between delimiters, and its records.

    Raises:
        DataError: if the file is missing or not UTF-8, a line has another number of cells, or its quotes are wrong.
    """
    with _named_errors(path), open_delimited_text(path, delimiter) as (names, records):
        return names, list(records)


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: expected a file that can be read, but found: {error.strerror or error}.") from error
    except MemoryError:
        raise DataError(f"{path}: expected a table that fits in memory, but there is not enough for it.") from None
