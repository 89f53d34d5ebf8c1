"""Scores on the target of methods, data set by data set, as one table."""

from collections.abc import Sequence
from typing import Final, Self

import attrs

from .checkpoint_view import CheckpointView

MOST_COLUMNS: Final = 12
"""With more data sets, nobody could read the table."""

MOST_ROWS: Final = 40


@attrs.frozen
class Cell:
    """A checkpoint's score.

    Args:
        text: it, written out: the mean over seeds.
        page: of the checkpoint.
        is_best: whether none in its column is better.
        is_worse: whether source-only is better.
    """

    text: str
    page: str
    is_best: bool
    is_worse: bool


@attrs.frozen
class Row:
    """A method's scores.

    Args:
        method: its name.
        cells: one a column; None where there is no checkpoint, or no score.
    """

    method: str
    cells: tuple[Cell | None, ...]


@attrs.frozen
class Overview:
    """Methods in rows, data sets with their shifts in columns: the two halves of checkpoints' names.

    Args:
        columns: names of data sets and shifts.
        rows: of methods.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @classmethod
    def of(cls, checkpoints: Sequence[CheckpointView]) -> Self | None:
        """None where there is nothing to compare, or far too much."""
        by_name = {tuple(view.name.split(".")): view for view in checkpoints}
        methods, tags = (sorted({name[half] for name in by_name}) for half in (0, 1))
        if not (1 < len(methods) <= MOST_ROWS and 1 <= len(tags) <= MOST_COLUMNS):
            return None
        columns = [_make_column([by_name.get((method, tag)) for method in methods]) for tag in tags]
        rows = (Row(method, cells) for method, cells in zip(methods, zip(*columns, strict=True), strict=True))
        return cls(tuple(tags), tuple(rows))


def _make_column(views: Sequence[CheckpointView | None]) -> list[Cell | None]:
    scores = [None if view is None else view.main.mean_score for view in views]
    best = max((score for score in scores if score is not None), default=None)
    return [None if view is None else _make_cell(view, best) for view in views]


def _make_cell(view: CheckpointView, best: float | None) -> Cell | None:
    task = view.main
    if task.entry.target is None:
        return None
    is_worse = task.mean_gain is not None and task.mean_gain < 0
    return Cell(f"{task.entry.target.mean:.3f}", view.page, task.mean_score == best, is_worse)
