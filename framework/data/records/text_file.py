"""Text files that anyone may have written: read piece by piece, within bounds, and told from what is no text."""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final

import numpy as np

from ...errors import DataError
from ...files.bounded_file import open_regular
from .contents import describe_contents

MAX_LINE: Final = 2**26
"""Bytes without an end of line, at most."""

_PIECE: Final = 2**18
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    # Before that of 16 bits, which it begins with.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_UNITS: Final = MappingProxyType({"utf-16": 2, "utf-32": 4})


@contextmanager
def open_text(path: Path, newline: str | None = None) -> Iterator[io.TextIOWrapper]:
    """Open a file of text: in UTF-8, or in UTF-16 or UTF-32 where a mark of byte order says so.

    Args:
        path: of the file.
        newline: see `open`.

    Raises:
        DataError: one line, here or while it is read, if it is no such file, cannot be read as text, or is something
            else by its first bytes.

    Example:
        >>> from tempfile import mkdtemp
        >>> path = Path(mkdtemp()) / "table.csv"
        >>> _ = path.write_text("caf\u00e9", encoding="utf-16")
        >>> with open_text(path) as file:
        ...     file.read()
        'caf\u00e9'
    """
    with open_regular(path) as file:
        start = file.read(4096)
        file.seek(0)
        encoding = next((name for mark, name in _MARKS if start.startswith(mark)), "utf-8")
        if (found := describe_contents(start)) is not None:
            raise DataError(f"{path}: expected text, but its content is {found}.")
        pieces = _Pieces(file, path, _UNITS.get(encoding, 1))
        text = io.TextIOWrapper(io.BufferedReader(pieces, _PIECE), encoding, newline=newline)
        try:
            yield text
        except UnicodeDecodeError as error:
            raise DataError(_describe_fault(path, encoding, error)) from error


class _Pieces(io.RawIOBase):
    """A file that is refused when it turns out to be no text, before a piece of it is decoded.

    Args:
        file: to read.
        path: what errors call it.
        unit: bytes of the shortest letter.
    """

    def __init__(self, file: BinaryIO, path: Path, unit: int) -> None:
        super().__init__()
        self._file, self._path, self._unit = file, path, unit
        self._lines = self._run = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - Python's type of buffers has no name before 3.12
        """Read a piece."""
        view = memoryview(buffer)
        piece = self._file.read(len(view))
        if (zero := _find_zero(piece, self._unit)) is not None:
            line = self._lines + piece.count(b"\n", 0, zero) + 1
            advice = "the file is damaged, or in UTF-16 without a mark of byte order; save it as UTF-8"
            raise DataError(f"{self._path}, line {line}: expected text, but found a byte of zero: {advice}.")
        end = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self._run = self._run + len(piece) if end < 0 else len(piece) - end - 1
        self._lines += piece.count(b"\n")
        if self._run > MAX_LINE:
            raise DataError(f"{self._path}: expected lines of at most {MAX_LINE:,} bytes, but found a longer one.")
        view[: len(piece)] = piece
        return len(piece)


def _find_zero(piece: bytes, unit: int) -> int | None:
    """Where a letter of zero is, which no text holds, in a piece that begins with a letter."""
    if unit == 1:
        return found if (found := piece.find(b"\0")) >= 0 else None
    letters = np.frombuffer(piece[: len(piece) // unit * unit], f"u{unit}")
    zeros = np.flatnonzero(letters == 0)
    return int(zeros[0]) * unit if len(zeros) else None


def _describe_fault(path: Path, encoding: str, error: UnicodeDecodeError) -> str:
    if not encoding.startswith("utf-8"):
        return f"{path}: expected text in {encoding.upper()}, as its first bytes say, but found: {error.reason}."
    with open_regular(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode()
            except UnicodeDecodeError as found:
                return (
                    f"{path}, line {number}: expected text in UTF-8, but found byte {line[found.start]:#04x}, which "
                    "stands for a letter in older encodings, such as Windows-1252: save it as UTF-8."
                )
    return f"{path}: expected text in UTF-8, but found: {error.reason}."
