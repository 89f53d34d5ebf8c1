"""The numbers of a card by what they are of, from a run, a grid's cell or a checkpoint's metrics.json."""

from collections.abc import Iterable, Mapping
from statistics import fmean, stdev
from typing import Any, Final, Self, TypeAlias

import attrs

from ...framework.evaluation.subsets import DropTable, Scores
from ...framework.evaluation.tables import FUSED
from ...framework.layout import JOINT, DomainSide
from ..metrics import CheckpointMetrics, Score

ALL: Final = "all"
"""`Number.modalities` where none was dropped."""


@attrs.frozen
class Number:
    """What a number is of: the main score of a task on a test split.

    Args:
        task: its name.
        side: whose test split.
        prediction: `fused`, or a modality's own.
        modalities: that the model was given: `all` that a sample has, or some as `audio+image`.
    """

    task: str
    side: DomainSide
    prediction: str = FUSED
    modalities: str = ALL

    @classmethod
    def of_cell(cls, score: Mapping[str, Any]) -> Self:
        """Of a row of `scores` in a grid's cell.json."""
        return cls(score["task"], score["side"], score["prediction"], score["modalities"])

    @property
    def is_headline(self) -> bool:
        """Whether it is of the fused prediction with all modalities."""
        return (self.prediction, self.modalities) == (FUSED, ALL)

    def __str__(self) -> str:
        """As in `label, target, fused, given audio`."""
        given = "" if self.modalities == ALL else f", given {self.modalities}"
        return f"{self.task}, {self.side}, {self.prediction}{given}"


Numbers: TypeAlias = Mapping[Number, float]


def read_scores(scores: Scores, drop: DropTable | None, side: DomainSide) -> dict[Number, float]:
    """The numbers of an evaluation; the drop table's where it is given."""
    found = {
        Number(task, side, FUSED if name == JOINT else name): value.main
        for task, by_name in scores.tasks.items()
        for name, value in by_name.items()
    }
    for task, by_subset in ({} if drop is None else drop.tasks).items():
        for subset, row in list(by_subset.items())[1:]:
            if row.scores is not None:
                found[Number(task, side, FUSED, "+".join(subset))] = row.scores.main
    return found


def read_cell_numbers(cell: Mapping[str, Any]) -> dict[Number, float]:
    """The numbers of a finished cell, at the epoch that was selected without target labels."""
    return {Number.of_cell(score): score["value"] for score in cell["scores"] if score["choice"] == "selected"}


def read_metrics(metrics: CheckpointMetrics) -> dict[Number, Score]:
    """The numbers of a card."""
    found: dict[Number, Score] = {}
    for task, tasks_metrics in metrics.tasks.items():
        found |= {Number(task, "source", name): score for name, score in tasks_metrics.source.items()}
        found |= {Number(task, "target", name): score for name, score in tasks_metrics.target.items()}
        # The first is with all modalities, and so the fused one again.
        subsets = list(tasks_metrics.drop.items())[1:]
        found |= {Number(task, "target", FUSED, name): score for name, score in subsets}
    return found


def with_spread(value: float, seeds: Iterable[float]) -> Score:
    """A number beside those of all seeds; it is alone where there are none."""
    found = list(seeds)
    if not found:
        return Score(value, value, None, 1)
    return Score(value, fmean(found), stdev(found) if len(found) > 1 else None, len(found))
