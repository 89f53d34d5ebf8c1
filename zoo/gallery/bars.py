"""What dropped modalities cost a checkpoint, as bars."""

from collections.abc import Iterable
from math import isfinite

import attrs

from ...framework.evaluation.intervals import Interval
from ...framework.report.charts import Bar, Panel
from ..metrics import Score, TaskMetrics


@attrs.frozen
class DropBar:
    """The fused score with some of the modalities; places are in percent of the axis.

    Args:
        names: modalities that are left.
        text: the score.
        start: where the bar begins.
        length: of the bar.
        whisker: mean minus and plus the standard deviation over seeds; None for a single seed.
    """

    names: tuple[str, ...]
    text: str
    start: float
    length: float
    whisker: tuple[float, float] | None


@attrs.frozen
class DropChart:
    """Bars of all subsets of modalities.

    Args:
        bars: all modalities first.
        floor: where source-only stands with all of them; None where nobody knows.
        seeds: that whiskers are over; 1 where there are none.
    """

    bars: tuple[DropBar, ...]
    floor: float | None
    seeds: int

    @property
    def brief(self) -> list[DropBar]:
        """All modalities, and each one alone: there are many more subsets of many modalities."""
        most = max(len(bar.names) for bar in self.bars)
        return [bar for bar in self.bars if len(bar.names) in {1, most}]


def make_drop_chart(metrics: TaskMetrics) -> DropChart | None:
    """None where no subset was scored."""
    scores = {name: score for name, score in metrics.drop.items() if isfinite(score.value)}
    if not scores:
        return None
    floor = metrics.source_only.value if metrics.source_only is not None else 0.0
    # Errors have no upper bound; accuracy and its like end at 1, and the axis with them.
    limit = max(floor, 1.0 if metrics.higher_is_better else 0.0)
    panel = Panel(metrics.measure, [_to_bar(score) for score in scores.values()], limit=limit)
    low, high = panel.ends
    axis = _Axis(low, high)
    return DropChart(
        tuple(axis.place(name, bar) for name, bar in zip(scores, panel.bars, strict=True) if bar is not None),
        axis.percent(floor) if metrics.source_only is not None else None,
        max(_seeds(scores.values())),
    )


def _to_bar(score: Score) -> Bar:
    whisker = None if score.std is None else Interval(score.mean - score.std, score.mean + score.std)
    if whisker is not None and not (isfinite(whisker.low) and isfinite(whisker.high)):
        whisker = None
    return Bar(score.value, f"{score.value:.3f}", whisker, "")


def _seeds(scores: Iterable[Score]) -> list[int]:
    return [1 if score.std is None else score.seeds for score in scores]


@attrs.frozen
class _Axis:
    low: float
    high: float

    def percent(self, value: float) -> float:
        # Divided one by one: a difference of large numbers may be infinite.
        width = self.high / 100 - self.low / 100
        return min(max(value / width - self.low / width, 0.0), 100.0)

    def place(self, name: str, bar: Bar) -> DropBar:
        start, end = sorted((self.percent(0.0), self.percent(bar.value)))
        whisker = None if bar.whisker is None else (self.percent(bar.whisker.low), self.percent(bar.whisker.high))
        return DropBar(tuple(name.split("+")), bar.text, start, end - start, whisker)
