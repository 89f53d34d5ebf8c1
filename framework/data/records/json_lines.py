"""Records of a file with a JSON object on each line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ...errors import DataError
from .long_cells import MAX_CELL
from .record import IsIgnored, Record, clean
from .text_file import open_text


class _Constant:
    """What Python reads as a number, though it is no JSON: `NaN`, and what is infinite."""

    def __init__(self, text: str) -> None:
        self.text = text


# Numbers stay as they are written: a cell is text, and Python reads no whole number of thousands of digits.
_DECODER: Final = json.JSONDecoder(object_pairs_hook=tuple, parse_int=str, parse_float=str, parse_constant=_Constant)


@contextmanager
def open_json_lines(
    path: Path, is_ignored: IsIgnored = lambda _: False
) -> Iterator[tuple[list[str], Iterator[Record]]]:
    """Names of all columns, and the records, which may lack some; all are read first, since any may have further names.

    Args:
        path: of the file.
        is_ignored: see `open_records`.

    Raises:
        DataError: see `open_records`; also if a key stands twice.
    """
    records: list[Record] = []
    names: dict[str, None] = {}
    with open_text(path) as file:
        for line, text in enumerate(file, start=1):
            if text.isspace():
                continue
            where = f"{path}, line {line}"
            pairs = _parse(text.removeprefix("\ufeff") if line == 1 else text, where)
            record = {name: _to_cell(value, name, where) for name, value in pairs if not is_ignored(name)}
            if len(record) < len(pairs):
                _check_unique(pairs, where)
            if "\\u" in text:
                _check_characters(record, where)
            names.update(dict.fromkeys(record))
            records.append((line, record))
    yield list(names), iter(records)


def _parse(text: str, where: str) -> tuple[tuple[str, object], ...]:
    try:
        record = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{where}: expected a JSON object in one line, but found: {error.msg}.") from error
    except RecursionError:
        raise DataError(f"{where}: expected a JSON object in one line, but found it nested too deeply.") from None
    if not isinstance(record, tuple):
        raise DataError(f"{where}: expected a JSON object in one line, but found {text[:40].rstrip()!r}.")
    return record


def _to_cell(value: object, name: str, where: str) -> str | None:
    if isinstance(value, str) and len(value) <= MAX_CELL:
        return clean(value)
    if value is None or (isinstance(value, _Constant) and value.text == "NaN"):
        # As in data frames, a float that is not a number is an empty cell.
        return None
    if isinstance(value, bool):
        return str(value)
    raise DataError(f"{where}, {name[:40]!r}: a cell must be text or a number, but found {_describe(value)}.")


def _describe(value: object) -> str:
    if isinstance(value, _Constant):
        return value.text
    if isinstance(value, str):
        return f"{len(value):,} characters, where {MAX_CELL:,} may be"
    return "an object" if isinstance(value, tuple) else "a list"


def _check_unique(pairs: tuple[tuple[str, object], ...], where: str) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise DataError(f"{where}: expected each key once, but found {name[:40]!r} twice.")
        seen.add(name)


def _check_characters(record: dict[str, str | None], where: str) -> None:
    """What may be escaped in JSON, but stand in no file and no path."""
    for name, cell in record.items():
        for text in (name, cell or ""):
            if "\0" in text or not _is_encodable(text):
                raise DataError(
                    f"{where}, {name[:40]!a}: expected text, but found {text[:40]!a}, which no file can hold."
                )


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
