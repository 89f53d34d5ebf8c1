"""Records of a text file whose cells stand between delimiters."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ...errors import DataError
from ..columns import REQUIRED, check_names
from .dialect import clean_name, find_declared, find_delimiter
from .long_cells import MAX_CELL, long_cells
from .record import IsIgnored, Record
from .text_file import open_text

_FAULTS: Final = MappingProxyType(
    {
        "unexpected end of data": "a quote that is not closed",
        f"field larger than field limit ({MAX_CELL})": (
            f"a cell of more than {MAX_CELL:,} characters, or a quote that is not closed"
        ),
        "expected after '\"'": "text behind a closing quote; quotes inside a cell are written twice",
    }
)
"""What the csv module says, and what it means."""


@contextmanager
def open_delimited_text(
    path: Path, delimiter: str | None = None, is_ignored: IsIgnored = lambda _: False
) -> Iterator[tuple[list[str], Iterator[Record]]]:
    """Names of the columns, and the records.

    Args:
        path: of the file.
        delimiter: where None, whatever the first line says, or gives the columns that a table must have.
        is_ignored: see `open_records`.

    Raises:
        DataError: see `open_records`.
    """
    with open_text(path, newline="") as file, long_cells():
        skipped, header = _skip_blank(file)
        if delimiter is None and (delimiter := find_declared(header)) is not None:
            more, header = _skip_blank(file)
            skipped += more + 1
        if delimiter is None:
            delimiter = find_delimiter(header, REQUIRED, "\t" if path.suffix.lower() == ".tsv" else ",")
        reader = _Reader(chain([header], file), delimiter, path, skipped)
        columns = [*map(clean_name, reader.next() or [])]
        names, kept = _find_names(columns, path, is_ignored)
        yield names, _read_rows(reader, len(columns), names, kept)


class _Reader:
    """Cells of one line after the other, which knows where it is."""

    def __init__(self, lines: Iterator[str], delimiter: str, path: Path, skipped: int) -> None:
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True)
        self._path, self._skipped = path, skipped
        self._began = 1

    @property
    def line(self) -> int:
        """Number of the last line that was read."""
        return self._reader.line_num + self._skipped

    @property
    def where(self) -> str:
        """What errors call it."""
        return f"{self._path}, line {self.line}"

    def next(self) -> list[str] | None:
        """The next cells; None at the end."""
        try:
            cells = next(self._reader, None)
        except csv.Error as error:
            found = next((words for words_of_csv, words in _FAULTS.items() if words_of_csv in str(error)), str(error))
            began = self._began + self._skipped
            raise DataError(f"{self._path}, line {began}: expected CSV, but found: {found}.") from error
        self._began = self._reader.line_num + 1
        return cells


def _read_rows(reader: _Reader, width: int, names: list[str], kept: list[tuple[str, int]]) -> Iterator[Record]:
    while (cells := reader.next()) is not None:
        if len(cells) != width or len(names) < width:
            if not cells:
                continue
            _check_width(cells, names, width, reader.where)
        yield reader.line, {name: cells[at].strip() or None for name, at in kept}


def _find_names(columns: list[str], path: Path, is_ignored: IsIgnored) -> tuple[list[str], list[tuple[str, int]]]:
    """Names, but for those that a delimiter at the end of each line makes; and what is kept, with its place."""
    count = len(columns)
    while count and not columns[count - 1]:
        count -= 1
    names = columns[:count]
    kept = [(name, at) for at, name in enumerate(names) if not is_ignored(name)]
    check_names([name for name, _ in kept], str(path))
    return names, kept


def _check_width(cells: list[str], names: list[str], width: int, where: str) -> None:
    if len(cells) not in {len(names), width}:
        raise DataError(f"{where}: expected {len(names)} cells, but found {len(cells)}.")
    for number, cell in enumerate(cells[len(names) :], start=len(names) + 1):
        if cell.strip():
            raise DataError(f"{where}: expected a name for column {number}, where there is {cell[:40]!r}.")


def _skip_blank(file: TextIOWrapper) -> tuple[int, str]:
    """How many lines were blank, and the one behind them."""
    skipped, line = 0, file.readline()
    while line and not line.strip("\ufeff \r\n"):
        skipped, line = skipped + 1, file.readline()
    return skipped, line
