"""Names of splits and domains that are more likely slips, since no command would read their rows."""

import unicodedata
from collections.abc import Iterator
from typing import Final

from .cell_columns import count_cells
from .domain_names import SEPARATORS
from .doubt import Doubt
from .table import Table

SPLITS: Final = ("test", "train", "validation")
"""What commands read where nobody names another."""


def find_table_doubts(table: Table) -> Iterator[Doubt]:
    """Doubts about a table's own words; no label and no file is looked at.

    Args:
        table: all rows.

    Example:
        >>> from acclimate.framework.data import Row
        >>> rows = [Row(line, str(line), "lab", split, {}, {}) for line, split in enumerate(["train", "val"])]
        >>> [doubt.message for doubt in find_table_doubts(Table(rows, ".", ["audio"], []))]
        ["1 row of split 'val' is read by no training: its splits are 'train' and 'validation', and ... evaluated"]
    """
    for split, rows in sorted(count_cells(table.field("split")).items()):
        if split not in SPLITS:
            read = "rows of split {!r} are" if rows > 1 else "row of split {!r} is"
            yield Doubt(
                f"{rows} {read.format(split)} read by no training: its splits are 'train' and 'validation', and 'test' "
                "is evaluated"
            )
    alike: dict[str, str] = {}
    for domain in table.domains:
        if any(sign in domain for sign in SEPARATORS):
            yield Doubt(
                f"domain {domain!r} holds '+' or ':', by which several domains and shifts are written, so `compare` "
                "cannot name it: call it otherwise"
            )
        other = alike.setdefault(" ".join(unicodedata.normalize("NFKC", domain).casefold().split()), domain)
        if other != domain:
            yield Doubt(f"domains {other!r} and {domain!r} differ in nothing but how they are written, but are two")
