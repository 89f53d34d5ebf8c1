"""One record of a table's file."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

Record: TypeAlias = tuple[int, Mapping[str, str | None]]
"""Number of the line and cell by column; an empty cell is None."""

IsIgnored: TypeAlias = Callable[[str], bool]
"""Whether nothing in a column of that name is looked at."""


def clean(cell: str) -> str | None:
    """A cell without the spaces around it; None where nothing is left.

    Example:
        >>> clean(" a.wav "), clean(" ")
        ('a.wav', None)
    """
    return cell.strip() or None
