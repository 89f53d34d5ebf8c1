"""How good the predictions of one task are. Imports no torch."""

from typing import Any, ClassVar, Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from .layout import Task
from .metrics import (
    accuracy,
    balanced_accuracy,
    macro_f1,
    mean_absolute_error,
    pearson,
    top_k_accuracy,
    weighted_f1,
)

TOP: Final = 5
"""Top-k accuracy counts this many classes, or all where there are fewer."""


@attrs.frozen
class ClassificationScores:
    """Of a task with classes.

    Args:
        samples: how many were scored.
        accuracy: share that is right.
        balanced_accuracy: the same within each class, mean over classes that occur.
        top_k_accuracy: share whose label is among the k classes that score highest.
        k: of `top_k_accuracy`.
        weighted_f1: F1, mean over classes by their number of labels.
        macro_f1: F1, mean over classes.
    """

    higher_is_better: ClassVar[bool] = True

    samples: int
    accuracy: float
    balanced_accuracy: float
    top_k_accuracy: float
    k: int
    weighted_f1: float
    macro_f1: float

    @property
    def main(self) -> float:
        """The one that results are compared by: the accuracy."""
        return self.accuracy

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return attrs.asdict(self)


@attrs.frozen
class RegressionScores:
    """Of a task whose label is a number.

    Args:
        samples: how many were scored.
        mean_absolute_error: in the label's unit.
        pearson: correlation of labels and predictions; 0 where either does not vary.
    """

    higher_is_better: ClassVar[bool] = False

    samples: int
    mean_absolute_error: float
    pearson: float

    @property
    def main(self) -> float:
        """The one that results are compared by: the mean absolute error."""
        return self.mean_absolute_error

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return attrs.asdict(self)


TaskScores: TypeAlias = ClassificationScores | RegressionScores


def score_task(task: Task, labels: NDArray[Any], logits: NDArray[np.floating[Any]]) -> TaskScores:
    """Score a task's logits.

    Args:
        task: what is predicted.
        labels: `(N,)`, class indices, or numbers for regression.
        logits: `(N, C)`, or `(N, 1)` for regression.

    Raises:
        ValueError: if there are no samples, or the shapes do not fit.

    Example:
        >>> score_task(Task("digit", ("0", "1")), np.array([0, 1]), np.array([[2.0, 1.0], [1.0, 0.0]])).accuracy
        0.5
    """
    if logits.shape != (len(labels), task.outputs):
        raise ValueError(
            f"logits of task {task.name!r} must be of shape {(len(labels), task.outputs)}, but got {logits.shape}."
        )
    if task.is_regression:
        return RegressionScores(len(labels), mean_absolute_error(labels, logits[:, 0]), pearson(labels, logits[:, 0]))
    predictions, k = logits.argmax(axis=1), min(TOP, task.outputs)
    return ClassificationScores(
        samples=len(labels),
        accuracy=accuracy(labels, predictions),
        balanced_accuracy=balanced_accuracy(labels, predictions),
        top_k_accuracy=top_k_accuracy(labels, logits, k),
        k=k,
        weighted_f1=weighted_f1(labels, predictions),
        macro_f1=macro_f1(labels, predictions),
    )
