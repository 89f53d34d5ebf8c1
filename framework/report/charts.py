"""What a chart of horizontal bars shows; `bar_chart.py` draws it."""

from collections.abc import Iterator, Sequence
from math import inf
from typing import Final

import attrs
from rich.cells import cell_len, set_cell_size

from ..evaluation.intervals import Interval
from .svg import Tone

LINE: Final = 15.0
"""Height of a line of text."""

ROOM: Final = 13.0
"""Between the texts of two rows."""

NAME_CELLS: Final = 30
"""How many letters of a row's name stand in a line."""


@attrs.frozen
class Bar:
    """One number.

    Args:
        value: where the bar ends.
        text: the number as it is written beside the bar.
        whisker: a line from where to where.
        hint: what the picture's description, and a pointer over the bar, say of it.
    """

    value: float
    text: str
    whisker: Interval | None
    hint: str


@attrs.frozen
class Panel:
    """One measure of all rows.

    Args:
        title: its name.
        bars: one a row; None where it has no number.
        tone: of the bars.
        limit: where the axis ends at least.
        most: where it ends at most; whiskers that reach beyond have no end.
    """

    title: str
    bars: Sequence[Bar | None]
    tone: Tone = "first"
    limit: float = 0.0
    most: float = inf

    @property
    def ends(self) -> tuple[float, float]:
        """Where the axis begins and ends: zero, all bars and, but for `most`, all whiskers lie between."""
        values = [0.0, self.limit]
        for bar in self.bars:
            if bar is not None:
                values.append(bar.value)
                values.extend(() if bar.whisker is None else (bar.whisker.low, bar.whisker.high))
        return min(values), min(max(values) or 1.0, self.most)


@attrs.frozen
class Chart:
    """Panels that share their rows.

    Args:
        title: above the panels.
        rows: names, each in parts, between which a line may break.
        notes: small print under the name of each row; empty for none.
        panels: side by side.
    """

    title: str
    rows: Sequence[Sequence[str]]
    notes: Sequence[str]
    panels: Sequence[Panel]

    @property
    def names(self) -> list[list[str]]:
        """Lines of each row's name."""
        return [_break(parts) for parts in self.rows]

    @property
    def heights(self) -> list[float]:
        """Of the rows."""
        return [LINE * (len(lines) + bool(note)) + ROOM for lines, note in zip(self.names, self.notes, strict=True)]

    def describe(self) -> Iterator[str]:
        """All that it shows, as lines."""
        yield self.title
        for number, (parts, note) in enumerate(zip(self.rows, self.notes, strict=True)):
            hints = [bar.hint for panel in self.panels if (bar := panel.bars[number]) is not None]
            yield f"{'+'.join(parts)}: {', '.join([*hints, *([note] if note else [])]) or 'no numbers'}"


def _break(parts: Sequence[str]) -> list[str]:
    """Lines of a name that break between parts; a part that is longer than a line is cut."""
    lines: list[str] = []
    for part in (cut(part, NAME_CELLS) for part in parts):
        joined = f"{lines[-1]} + {part}" if lines else part
        if lines and cell_len(joined) > NAME_CELLS:
            lines[-1] += " +"
            lines.append(part)
        else:
            lines[-1:] = [joined]
    return lines


def cut(text: str, cells: int) -> str:
    """The text, or as much of it as takes so many cells, and an ellipsis; wide letters take two.

    Example:
        >>> cut("accelerometer", 8)
        'acceler…'
    """
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "\N{HORIZONTAL ELLIPSIS}"
