"""What is wrong with one row of a table."""

from typing import Final

import attrs

_SHOWN: Final = 200
"""Characters of an id that are shown, at most."""


@attrs.frozen
class Problem:
    """A rule that a row, or the table as a whole, breaks.

    Args:
        message: the rule, and what was found.
        line: of the row in its file; None where it is the table's as a whole.
        id: of the row.
        modality: the column.

    Example:
        >>> print(Problem("expected a file, but found none at a.wav.", line=2, id="x", modality="audio"))
        line 2, id 'x', audio: expected a file, but found none at a.wav.
    """

    message: str
    line: int | None = None
    id: str | None = None
    modality: str | None = None

    def __str__(self) -> str:
        shown = self.id if self.id is None or len(self.id) <= _SHOWN else f"{self.id[:_SHOWN]}..."
        named = [
            None if self.line is None else f"line {self.line}",
            None if shown is None else f"id {shown!r}",
            self.modality,
        ]
        place = ", ".join(part for part in named if part)
        return f"{place}: {self.message}" if place else self.message
