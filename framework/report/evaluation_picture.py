"""Results of an evaluation with every subset of modalities, as an SVG."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ..evaluation.intervals import Interval
from ..evaluation.latency import PERCENTILE, SubsetTiming, Timing
from ..evaluation.prediction import Subset
from ..evaluation.scores import TaskScores
from ..evaluation.subsets import DropTable, SubsetScores
from .bar_chart import draw_charts
from .charts import Bar, Chart, Panel
from .measure_text import TITLES, short, values

_DIGITS: Final = 4


def draw_subsets(drop: DropTable, timing: Timing | None, *, where: str, notes: Sequence[str] = ()) -> str:
    """Draw scores with their intervals, and how fast the model is beside them.

    Args:
        drop: a chart for each of its tasks; intervals where it has them.
        timing: beside the first task, since it is of all tasks.
        where: what was evaluated, for titles.
        notes: lines of small print at the bottom.

    Returns:
        The SVG file's content.
    """
    charts: list[Chart] = []
    for task, by_subset in drop.tasks.items():
        panels = list(_score_panels(by_subset))
        if timing is not None and not charts:
            panels += _timing_panels([timing.subsets[subset] for subset in by_subset], timing.batch_size)
        excluded = [f"{row.excluded} excluded" if row.excluded else "" for row in by_subset.values()]
        charts.append(Chart(f"{task}: {where}", list(by_subset), excluded, panels))
    return draw_charts(charts, f"Scores with every subset of modalities: {where}", notes)


def _score_panels(by_subset: Mapping[Subset, SubsetScores]) -> Iterator[Panel]:
    rows = [row.scores for row in by_subset.values()]
    for measure in next((values(scores) for scores in rows if scores is not None), ()):
        limit = 0.0 if measure == "mean_absolute_error" else 1.0
        yield Panel(TITLES[measure], [_score_bar(measure, scores) for scores in rows], limit=limit)


def _score_bar(measure: str, scores: TaskScores | None) -> Bar | None:
    if scores is None:
        return None
    value, interval = values(scores)[measure], scores.intervals.get(measure)
    between = "" if interval is None else f" ({short(interval.low, _DIGITS)} to {short(interval.high, _DIGITS)})"
    text = short(value, _DIGITS)
    return Bar(value, text, interval, f"{TITLES[measure]} {text}{between}")


def _timing_panels(rows: Sequence[SubsetTiming], batch_size: int) -> list[Panel]:
    return [
        # What a busy machine does to the slowest calls must not make all bars short.
        Panel(
            "ms for one sample", [_latency_bar(row) for row in rows], "second", most=2 * max(row.median for row in rows)
        ),
        Panel(
            f"samples/s, batch of {batch_size}",
            [Bar(row.throughput, short(row.throughput), None, f"{short(row.throughput)} samples/s") for row in rows],
            "second",
        ),
    ]


def _latency_bar(row: SubsetTiming) -> Bar:
    hint = f"{short(row.median)} ms ({short(row.percentile_95)} at the {PERCENTILE}th percentile)"
    return Bar(row.median, short(row.median), Interval(row.median, row.percentile_95), hint)
