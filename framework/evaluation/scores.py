"""How good the predictions of one task are."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ..layout import Task
from .bootstrap import bootstrap_balanced_accuracy, bootstrap_mean, bootstrap_pearson
from .intervals import Confidence, Interval, wilson_interval
from .metrics import (
    accuracy,
    balanced_accuracy,
    macro_f1,
    mean_absolute_error,
    pearson,
    rounded_accuracy,
    sign_accuracy,
    sign_weighted_f1,
    top_k_accuracy,
    weighted_f1,
)

SENTIMENT_LIMIT: Final = 3
"""How far from zero a sentiment may lie."""

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
        intervals: of `accuracy` (Wilson's) and `balanced_accuracy` (bootstrap), by these names, where asked for.
    """

    main_name: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    samples: int
    accuracy: float
    balanced_accuracy: float
    top_k_accuracy: float
    k: int
    weighted_f1: float
    macro_f1: float
    intervals: Mapping[str, Interval] = attrs.field(factory=dict)

    @property
    def main(self) -> float:
        """The one that results are compared by: the accuracy."""
        return self.accuracy

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return _to_json(self)


@attrs.frozen
class SentimentScores:
    """Of a number in [-3, 3] that says how negative or positive a sample is, as in MOSI and MOSEI.

    Tables print the pairs as "Acc-2 a/b": a on all samples, zero counted as non-negative; b without the samples whose
    label is zero.

    Args:
        accuracy_7: share that is right once rounded to -3 .. 3.
        accuracy_5: the same for -2 .. 2.
        accuracy_2: share that is negative or non-negative as it should be.
        accuracy_2_nonzero: share that is negative or positive as it should be, of the labels that are not zero.
        weighted_f1: F1 of negative and non-negative, mean weighted by their number of labels.
        weighted_f1_nonzero: F1 of negative and positive, of the labels that are not zero.
    """

    accuracy_7: float
    accuracy_5: float
    accuracy_2: float
    accuracy_2_nonzero: float
    weighted_f1: float
    weighted_f1_nonzero: float

    @classmethod
    def of(cls, labels: NDArray[Any], predictions: NDArray[Any]) -> "SentimentScores | None":
        """Score numbers `(N,)`; None where the labels are no sentiment.

        They are one where none lies outside [-3, 3], and some are negative and some positive. No other measure depends
        on that, so nobody needs to declare it.
        """
        if np.abs(labels).max() > SENTIMENT_LIMIT or not labels.min() < 0 < labels.max():
            return None
        return cls(
            accuracy_7=rounded_accuracy(labels, predictions, 3),
            accuracy_5=rounded_accuracy(labels, predictions, 2),
            accuracy_2=sign_accuracy(labels, predictions, zeros=True),
            accuracy_2_nonzero=sign_accuracy(labels, predictions, zeros=False),
            weighted_f1=sign_weighted_f1(labels, predictions, zeros=True),
            weighted_f1_nonzero=sign_weighted_f1(labels, predictions, zeros=False),
        )


@attrs.frozen
class RegressionScores:
    """Of a task whose label is a number.

    Args:
        samples: how many were scored.
        mean_absolute_error: in the label's unit.
        pearson: correlation of labels and predictions; 0 where either does not vary.
        sentiment: measures of a sentiment; None where the labels that were scored are none, see `SentimentScores.of`.
        intervals: of `mean_absolute_error` and `pearson` (bootstrap), by these names, where asked for.
    """

    main_name: ClassVar[str] = "mean absolute error"
    higher_is_better: ClassVar[bool] = False

    samples: int
    mean_absolute_error: float
    pearson: float
    sentiment: SentimentScores | None = None
    intervals: Mapping[str, Interval] = attrs.field(factory=dict)

    @property
    def main(self) -> float:
        """The one that results are compared by: the mean absolute error."""
        return self.mean_absolute_error

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return _to_json(self)


TaskScores: TypeAlias = ClassificationScores | RegressionScores


def score_task(
    task: Task, labels: NDArray[Any], logits: NDArray[np.floating[Any]], confidence: Confidence | None = None
) -> TaskScores:
    """Score a task's logits.

    Args:
        task: what is predicted.
        labels: `(N,)`, class indices, or numbers for regression.
        logits: `(N, C)`, or `(N, 1)` for regression.
        confidence: of intervals; None makes none.

    Raises:
        ValueError: if there are no samples, or the shapes do not fit.

    Example:
        >>> score_task(Task("digit", ("0", "1")), np.array([0, 1]), np.array([[2.0, 1.0], [1.0, 0.0]])).accuracy
        0.5
    """
    _check_shape(task, labels, logits)
    if task.is_regression:
        numbers = logits[:, 0]
        return RegressionScores(
            samples=len(labels),
            mean_absolute_error=mean_absolute_error(labels, numbers),
            pearson=pearson(labels, numbers),
            sentiment=SentimentScores.of(labels, numbers),
            intervals={} if confidence is None else _regression_intervals(labels, numbers, confidence),
        )
    predictions, k = logits.argmax(axis=1), min(TOP, task.outputs)
    return ClassificationScores(
        samples=len(labels),
        accuracy=accuracy(labels, predictions),
        balanced_accuracy=balanced_accuracy(labels, predictions),
        top_k_accuracy=top_k_accuracy(labels, logits, k),
        k=k,
        weighted_f1=weighted_f1(labels, predictions),
        macro_f1=macro_f1(labels, predictions),
        intervals={} if confidence is None else _classification_intervals(labels, predictions, confidence),
    )


def sample_errors(task: Task, labels: NDArray[Any], logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """How wrong each sample's prediction is, `(N,)`: 0 or 1 for classes, else its distance from the label.

    The mean is what `TaskScores.main` says, where lower is better: 1 - accuracy, or the mean absolute error.

    Args:
        task: what is predicted.
        labels: `(N,)`.
        logits: `(N, C)`.

    Raises:
        ValueError: if the shapes do not fit.

    Example:
        >>> sample_errors(Task("digit", ("0", "1")), np.array([0, 1]), np.array([[2.0, 1.0], [1.0, 0.0]])).tolist()
        [0.0, 1.0]
    """
    _check_shape(task, labels, logits)
    wrong = np.abs(labels.astype(np.float64) - logits[:, 0]) if task.is_regression else labels != logits.argmax(axis=1)
    return np.asarray(wrong, np.float64)


def _classification_intervals(
    labels: NDArray[Any], predictions: NDArray[Any], confidence: Confidence
) -> dict[str, Interval]:
    return {
        "accuracy": wilson_interval(int(np.sum(labels == predictions)), len(labels), confidence.level),
        "balanced_accuracy": bootstrap_balanced_accuracy(labels, predictions, confidence),
    }


def _regression_intervals(
    labels: NDArray[Any], predictions: NDArray[Any], confidence: Confidence
) -> dict[str, Interval]:
    errors = np.abs(labels.astype(np.float64) - predictions)
    return {
        "mean_absolute_error": bootstrap_mean(errors, confidence),
        "pearson": bootstrap_pearson(labels, predictions, confidence),
    }


def _check_shape(task: Task, labels: NDArray[Any], logits: NDArray[np.floating[Any]]) -> None:
    if logits.shape != (len(labels), task.outputs):
        raise ValueError(
            f"logits of task {task.name!r} must be of shape {(len(labels), task.outputs)}, but got {logits.shape}."
        )


def _to_json(scores: TaskScores) -> dict[str, Any]:
    """Without intervals where there are none."""
    plain = attrs.asdict(scores)
    return {key: value for key, value in plain.items() if key != "intervals" or value}
