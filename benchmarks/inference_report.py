"""What a figure of inference consists of, as data and as Markdown."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from interleaved import Ratio, to_markdown


@attrs.frozen
class Aim:
    """A number that we want on one side of a limit.

    Args:
        name: what it is.
        value: measured.
        limit: is still within the aim.
        kind: on which side of the limit it should be.
    """

    name: str
    value: float
    limit: float
    kind: Literal["at least", "at most"]

    @property
    def is_met(self) -> bool:
        """Whether it is on the right side; a number that is none never is."""
        return self.value >= self.limit if self.kind == "at least" else self.value <= self.limit

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "missed"
        return f"{self.name}: {_short(self.value)}, aim: {self.kind} {_short(self.limit)}: **{verdict}**"


@attrs.frozen
class Figure:
    """Tables and aims of one figure.

    Args:
        header: of the table.
        cells: of the table, row by row.
        rows: the same with all numbers, for JSON.
        aims: what is looked at first.
        notes: what one must know to read the table.
    """

    header: Sequence[str]
    cells: Sequence[Sequence[str]]
    rows: Sequence[Mapping[str, Any]]
    aims: Sequence[Aim] = ()
    notes: Sequence[str] = ()

    def to_markdown(self) -> str:
        """The table, the notes and the aims."""
        parts = [to_markdown(self.header, self.cells), *self.notes, "\n".join(f"- {aim}" for aim in self.aims)]
        return "\n\n".join(part for part in parts if part)

    def to_json(self) -> dict[str, Any]:
        """All rows and aims."""
        aims = [
            {**attrs.asdict(aim), "value": aim.value if math.isfinite(aim.value) else None, "met": aim.is_met}
            for aim in self.aims
        ]
        return {"rows": list(self.rows), "aims": aims, "notes": list(self.notes)}


def spread(values: Sequence[float], scale: float = 1.0) -> Ratio:
    """Median and quartiles.

    Example:
        >>> str(spread([0.001, 0.003, 0.002], 1e3))
        '2.00 (1.50 - 2.50)'
    """
    lower, median, upper = (scale * np.quantile(values, [0.25, 0.5, 0.75])).tolist()
    return Ratio(median, lower, upper)


def _short(number: float) -> str:
    return f"{number:.2f}" if number >= 0.01 else f"{number:.1e}"
