"""Columns of inline text that are more likely something else: names, numbers, paths with a slip."""

import re
from collections import Counter
from typing import Final

from .problem import Problem
from .reference import SUFFIXES, shown
from .table import Table

LONG: Final = 40
"""Characters of a text in a language that puts no spaces between words."""

_ENDING: Final = re.compile(r"(?<=\w)\.[A-Za-z]\w{0,5}$", re.ASCII)
"""What names of files end in, and sentences hardly ever."""


def find_stray_words(table: Table, modality: str) -> Problem | None:
    """A problem where a column is inline text, but none of its cells has more than one word, or most end as files do.

    Such a column may hold whoever speaks, files of a kind that is not read, or even the label, and nobody would notice
    that it is trained on.

    Example:
        >>> from acclimate.framework.data import Row, Table
        >>> rows = [Row(2, "a", "lab", "train", {}, {"speaker": "Ann"})]
        >>> str(find_stray_words(Table(rows, ".", ["speaker"], []), "speaker"))
        "speaker: expected text of more than one word, or paths ..., but found words such as 'Ann': ..."
    """
    if modality not in table.text:
        return None
    cells = [cell for row in table.rows if (cell := row.cells[modality]) is not None]
    ending, number = Counter(map(_ending, cells)).most_common(1)[0]
    if ending and 2 * number > len(cells):
        example = next(cell for cell in cells if _ending(cell) == ending)
        found = f"but {number} of {len(cells)} cells end in {ending!r}, such as {shown(example)!r}"
    elif not any(map(_is_sentence, cells)):
        found = f"but found words such as {shown(cells[0])!r}"
    else:
        return None
    return Problem(
        f"expected text of more than one word, or paths that end in {', '.join(SUFFIXES)}, {found}: "
        f"rename the column to meta.<name>, or say data.preprocessing.{modality}.kind=text if it is.",
        modality=modality,
    )


def _is_sentence(cell: str) -> bool:
    # What is long and has neither a space nor a letter beyond ASCII is a path, an address or a hash.
    return len(cell.split()) > 1 or (len(cell) > LONG and not cell.isascii())


def _ending(cell: str) -> str:
    found = _ENDING.search(cell)
    return found[0].lower() if found else ""
