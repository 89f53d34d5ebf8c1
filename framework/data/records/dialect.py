"""By what the cells of a text file are separated."""

import csv
import re
from collections.abc import Collection
from typing import Final

DELIMITERS: Final = (",", ";", "\t", "|")

_DECLARED: Final = re.compile(r'"?sep=(?P<delimiter>[^"\r\n]|\\t)"?[\r\n]*', re.IGNORECASE)


def find_delimiter(header: str, required: Collection[str], usual: str) -> str:
    """The delimiter under which a header has the columns that it must have.

    Args:
        header: the first line.
        required: columns.
        usual: what it is where several are possible, or none is.

    Example:
        >>> find_delimiter("id;domain;split;said", ["id", "domain", "split"], ",")
        ';'
    """
    possible = [delimiter for delimiter in DELIMITERS if set(required) <= set(split_header(header, delimiter))]
    return possible[0] if len(possible) == 1 else usual


def split_header(header: str, delimiter: str) -> list[str]:
    """Names of the columns: without spaces around them, and without marks of byte order, which nobody sees.

    Example:
        >>> split_header('\ufeffid, "a"', ",")
        ['id', '"a"']
    """
    try:
        return [*map(clean_name, next(csv.reader([header], delimiter=delimiter), []))]
    except csv.Error:
        return []


def clean_name(name: str) -> str:
    """See `split_header`."""
    return name.replace("\ufeff", "").strip()


def find_declared(line: str) -> str | None:
    """The delimiter that spreadsheets are told by a line of its own before the header, as in `sep=;`."""
    found = _DECLARED.fullmatch(line.removeprefix("\ufeff"))
    return None if found is None else found["delimiter"].replace("\\t", "\t")
