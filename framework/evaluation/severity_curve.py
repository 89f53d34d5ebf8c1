"""Scores of a model on the same rows, clean and worse and worse."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..data.corruptions import Plan, corrupt_table
from ..data.samples import Samples
from ..data.schema import Schema
from ..data.table import Table
from ..layout import JOINT
from .prediction import Predictor
from .robustness import effective_robustness, relative_robustness
from .scores import TaskScores
from .subsets import BATCH_SIZE, Scores, evaluate


@attrs.frozen
class SeverityCurve:
    """Scores by severity.

    Args:
        scores: by severity, rising; 0 is clean.
    """

    scores: Mapping[int, Scores]

    @property
    def severities(self) -> tuple[int, ...]:
        """0 first."""
        return tuple(self.scores)

    def fused(self, task: str) -> list[TaskScores]:
        """Scores of the fused prediction, by severity."""
        return [scores.tasks[task][JOINT] for scores in self.scores.values()]

    def oriented(self, task: str) -> list[float]:
        """Main score of the fused prediction by severity, higher being better: an error with a minus sign."""
        return [scores.main if scores.higher_is_better else -scores.main for scores in self.fused(task)]

    def relative_robustness(self, task: str) -> float:
        """See `robustness.relative_robustness`; of a regression task, of the mean absolute error with a minus sign."""
        return relative_robustness(self._floats(), self.oriented(task))

    def effective_robustness(self, task: str, baseline: "SeverityCurve") -> float:
        """See `robustness.effective_robustness`; of a regression task, of the error with a minus sign.

        Raises:
            ValueError: if the baseline was scored at other severities.
        """
        if baseline.severities != self.severities:
            raise ValueError(f"baseline must have the severities {self.severities}, but has {baseline.severities}.")
        return effective_robustness(self._floats(), self.oriented(task), baseline.oriented(task))

    def to_json(self) -> dict[str, Any]:
        """As plain data: all scores by severity, and the relative robustness by task."""
        tasks = next(iter(self.scores.values())).tasks
        return {
            "severities": {str(severity): scores.to_json() for severity, scores in self.scores.items()},
            "relative_robustness": {task: self.relative_robustness(task) for task in tasks},
        }

    def _floats(self) -> list[float]:
        return [float(severity) for severity in self.scores]


def evaluate_severities(
    predict: Predictor,
    schema: Schema,
    table: Table,
    plans: Mapping[int, Sequence[Plan]],
    batch_size: int = BATCH_SIZE,
) -> SeverityCurve:
    """Score a model on rows as they are, and corrupted by each severity's plans.

    Args:
        predict: the model.
        schema: of the model.
        table: labelled rows.
        plans: what is done at each severity above 0, in rising order.
        batch_size: the last batch may be smaller.

    Raises:
        ValueError: if there are no rows.
        DataError: if a corruption does not fit its modality, or a file cannot be used.
        RunError: if the model's logits are not finite.
    """
    found = {}
    for severity, steps in {0: (), **plans}.items():
        # Each table is gone through once, so nothing is kept in memory.
        samples = Samples(corrupt_table(table, steps), schema, labelled=True, cache_bytes=0)
        found[severity] = evaluate(predict, samples, batch_size)
    return SeverityCurve(found)
