"""Columns of inline text that are more likely something else: names, numbers, paths with a slip."""

from typing import Final

from .problem import Problem
from .reference import SUFFIXES
from .table import Table

LONG: Final = 40
"""Characters of a text in a language that puts no spaces between words."""


def find_stray_words(table: Table, modality: str) -> Problem | None:
    """A problem where a column is inline text, but none of its cells has more than one word.

    Such a column may hold whoever speaks, or even the label, and nobody would notice that it is trained on.

    Example:
        >>> from acclimate.framework.data.table import Row, Table
        >>> rows = [Row(2, "a", "lab", "train", {}, {"speaker": "Ann"})]
        >>> str(find_stray_words(Table(rows, ".", ["speaker"], []), "speaker"))
        "speaker: expected text of more than one word, or paths ..., but found words such as 'Ann': ..."
    """
    if modality not in table.text:
        return None
    cells = [cell for row in table.rows if (cell := row.cells[modality]) is not None]
    if any(len(cell) > LONG or len(cell.split()) > 1 for cell in cells):
        return None
    return Problem(
        f"expected text of more than one word, or paths that end in {', '.join(SUFFIXES)}, but found words such as "
        f"{cells[0]!r}: rename the column to meta.<name>, or say data.preprocessing.{modality}.kind=text if it is.",
        modality=modality,
    )
