"""What a model can do with every subset of its modalities, as tables for a terminal of 80 columns."""

from typing import TYPE_CHECKING, Final

from ..evaluation.intervals import Interval
from ..evaluation.latency import PERCENTILE, Timing
from ..evaluation.prediction import Subset
from ..evaluation.subsets import DropTable
from .measure_text import HEADS, short, values

if TYPE_CHECKING:
    from rich.table import Table

_DIGITS: Final = 4
_NAME_CELLS: Final = 12
"""Below this, names would be broken within words."""


def subset_table(drop: DropTable, task: str, title: str | None = None) -> "Table":
    """One row for each subset: its scores and what the drop costs, each above its interval where it has one.

    Args:
        drop: the scores.
        task: whose.
        title: above the table.
    """
    by_subset = drop.tasks[task]
    scored = next((row.scores for row in by_subset.values() if row.scores is not None), None)
    measures = () if scored is None else tuple(values(scored))
    table = _table(title, *(HEADS[name] for name in measures), "loss", "excluded")
    for row in by_subset.values():
        found = {} if row.scores is None else values(row.scores)
        intervals = {} if row.scores is None else row.scores.intervals
        cells = [_cell(found[name], intervals.get(name)) if found else "-" for name in measures]
        loss = "-" if row.loss is None else _cell(row.loss, row.loss_interval, "+")
        table.add_row(_name(row.subset), *cells, loss, str(row.excluded))
    return table


def timing_table(timing: Timing, title: str | None = None) -> "Table":
    """One row for each subset: milliseconds for one sample, and samples a second in batches.

    Args:
        timing: what was measured.
        title: above the table.
    """
    table = _table(title, "ms, median", f"ms, {PERCENTILE} %", f"samples/s, batch of {timing.batch_size}")
    for subset, row in timing.subsets.items():
        table.add_row(_name(subset), short(row.median), short(row.percentile_95), short(row.throughput))
    return table


def _table(title: str | None, *columns: str) -> "Table":
    from rich.table import Table

    table = Table(title=title)
    table.add_column("modalities", overflow="fold", min_width=_NAME_CELLS)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _name(subset: Subset) -> str:
    """With blanks, at which long names may be broken into lines."""
    from rich.markup import escape

    return escape(" + ".join(subset))


def _cell(value: float, interval: Interval | None, sign: str = "") -> str:
    written = f"{sign if value >= 0 else ''}{short(value, _DIGITS)}"
    if interval is None:
        return written
    between = " to " if interval.low < 0 else "-"
    return f"{written}\n{short(interval.low, _DIGITS)}{between}{short(interval.high, _DIGITS)}"
