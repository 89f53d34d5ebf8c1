"""How good a model is: per modality and fused, and with every subset of its modalities.

What it measures on a target takes the target's labels: such numbers are reports ("oracle"), and nothing may be chosen
by them.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs
import numpy as np

from ..data.samples import Samples
from ..layout import JOINT, Task, modality_subsets
from .bootstrap import bootstrap_mean
from .intervals import Confidence, Interval
from .prediction import Predicted, Predictor, Subset, predict_subsets
from .scores import TaskScores, sample_errors, score_task

BATCH_SIZE: Final = 256


@attrs.frozen
class Scores:
    """How good a model is on a split.

    Args:
        samples: number of samples in the split.
        tasks: by task, then by `JOINT`, the fused prediction, and by modality. A modality is scored on the samples that
            have it, and has no scores where none has.
    """

    samples: int
    tasks: Mapping[str, Mapping[str, TaskScores]]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "samples": self.samples,
            "tasks": {
                task: {name: scores.to_json() for name, scores in by_modality.items()}
                for task, by_modality in self.tasks.items()
            },
        }


@attrs.frozen
class SubsetScores:
    """How good a model is with a subset of its modalities.

    Args:
        subset: the modalities that are left.
        scores: of the fused prediction, on the samples that have one of them; None where none has.
        all_scores: of the same samples with all the modalities that they have.
        excluded: number of samples that have none of the subset, and so no prediction.
        loss_interval: of `loss`, by a bootstrap of the same samples with and without the drop; None where it was not
            asked for, and where nothing is dropped.
    """

    subset: Subset
    scores: TaskScores | None
    all_scores: TaskScores | None
    excluded: int
    loss_interval: Interval | None = None

    @property
    def name(self) -> str:
        """As in `audio+image`."""
        return "+".join(self.subset)

    @property
    def loss(self) -> float | None:
        """What the drop costs these samples: accuracy lost or, for a regression task, mean absolute error added."""
        if self.scores is None or self.all_scores is None:
            return None
        before, after = self.all_scores.main, self.scores.main
        return before - after if self.scores.higher_is_better else after - before

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        scores = {} if self.scores is None else self.scores.to_json()
        found = None if self.loss_interval is None else attrs.asdict(self.loss_interval)
        return {**scores, "loss": self.loss, "loss_interval": found, "excluded": self.excluded}


@attrs.frozen
class DropTable:
    """How good a model is with every subset of its modalities (RNA, table 4).

    Modalities outside a subset are dropped at the input: they are absent, so their encoders do not run and their logits
    do not count. A sample that has none of a subset has no prediction: it is counted as excluded, not as wrong.

    Args:
        tasks: by task, then by subset: all modalities first.
    """

    tasks: Mapping[str, Mapping[Subset, SubsetScores]]

    def to_json(self) -> dict[str, Any]:
        """As plain data, subsets by name."""
        return {task: {row.name: row.to_json() for row in by_subset.values()} for task, by_subset in self.tasks.items()}


def evaluate(
    predict: Predictor, samples: Samples, batch_size: int = BATCH_SIZE, confidence: Confidence | None = None
) -> Scores:
    """Score a model per modality and fused, on all samples and with all the modalities that they have.

    Args:
        predict: the model.
        samples: labelled, of any domain and split.
        batch_size: the last batch may be smaller.
        confidence: of intervals; None makes none.

    Raises:
        ValueError: if there are no samples, or they are not labelled.
        RunError: if the model's logits are not finite.
    """
    everything = samples.schema.modalities
    predicted = predict_subsets(predict, samples, [everything], batch_size)[everything]
    if predicted is None:
        raise ValueError("samples must have a modality, but none has one.")
    return Scores(
        samples=len(samples),
        tasks={task.name: _by_modality(predicted, task, everything, confidence) for task in samples.schema.tasks},
    )


def drop_table(
    predict: Predictor, samples: Samples, batch_size: int = BATCH_SIZE, confidence: Confidence | None = None
) -> DropTable:
    """Score a model with each of the 2^M - 1 subsets of its modalities.

    Args:
        predict: the model.
        samples: labelled, of any domain and split.
        batch_size: the last batch may be smaller.
        confidence: of intervals; None makes none.

    Raises:
        ValueError: if there are no samples, or they are not labelled.
        RunError: if the model's logits are not finite.
    """
    subsets = modality_subsets(samples.schema.modalities)
    predicted = predict_subsets(predict, samples, subsets, batch_size)
    everything = predicted[subsets[0]]
    return DropTable(
        {
            task.name: {
                subset: _subset_scores(subset, found, everything, task, len(samples), confidence=confidence)
                for subset, found in predicted.items()
            }
            for task in samples.schema.tasks
        }
    )


def _by_modality(
    predicted: Predicted, task: Task, modalities: Subset, confidence: Confidence | None
) -> dict[str, TaskScores]:
    logits, labels = predicted.logits[task.name], predicted.labels[task.name]
    scores = {JOINT: score_task(task, labels, logits[JOINT], confidence)}
    for column, name in enumerate(modalities):
        rows = predicted.present[:, column]
        if rows.any():
            scores[name] = score_task(task, labels[rows], logits[name][rows], confidence)
    return scores


def _subset_scores(
    subset: Subset,
    found: Predicted | None,
    everything: Predicted | None,
    task: Task,
    samples: int,
    *,
    confidence: Confidence | None,
) -> SubsetScores:
    if found is None or everything is None:
        return SubsetScores(subset, None, None, samples)
    same = np.isin(everything.rows, found.rows)
    labels, left = found.labels[task.name], found.logits[task.name][JOINT]
    complete = everything.logits[task.name][JOINT][same]
    interval = None
    if confidence is not None and found is not everything:
        added = sample_errors(task, labels, left) - sample_errors(task, labels, complete)
        interval = bootstrap_mean(added, confidence)
    return SubsetScores(
        subset,
        score_task(task, labels, left, confidence),
        score_task(task, labels, complete),
        samples - len(found.rows),
        interval,
    )
