"""Intervals by drawing samples again, with replacement: the percentile bootstrap (Efron, 1979).

A bootstrap knows what the samples show: where all of them are right, it sees no way to be wrong, and its interval has
no width.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .intervals import Confidence, Interval, percentile_interval
from .metrics import Classes, Numbers

_CHUNK: Final = 2**20
"""How many samples are drawn at once."""

_Rows: TypeAlias = NDArray[np.int64]
"""`(resamples, N)`, positions of the samples that were drawn."""


def bootstrap_mean(values: Numbers, confidence: Confidence) -> Interval:
    """Interval of the mean of a number that each sample has.

    With the differences of two models on the same samples, it is that of the difference between the models.

    Args:
        values: `(N,)`.
        confidence: level, number of resamples and seed.

    Raises:
        ValueError: if there are no values.

    Example:
        >>> bootstrap_mean(np.array([1.0, 1.0, 1.0]), Confidence())
        Interval(low=1.0, high=1.0)
    """
    _check(values)
    return _by_rows(len(values), lambda rows: values[rows].mean(axis=1), confidence)


def bootstrap_pearson(labels: Numbers, predictions: Numbers, confidence: Confidence) -> Interval:
    """Interval of Pearson's correlation coefficient, see `metrics.pearson`.

    Args:
        labels: `(N,)`.
        predictions: `(N,)`.
        confidence: level, number of resamples and seed.

    Raises:
        ValueError: if there are no samples, or the shapes differ.
    """
    _check(labels, predictions)
    return _by_rows(len(labels), lambda rows: _pearson(labels[rows], predictions[rows]), confidence)


def bootstrap_balanced_accuracy(labels: Classes, predictions: Classes, confidence: Confidence) -> Interval:
    """Interval of the balanced accuracy, see `metrics.balanced_accuracy`; each resample's mean is over its classes.

    It depends on how many of each class are right and wrong, so these numbers are drawn at once and not row by row.

    Args:
        labels: `(N,)`.
        predictions: `(N,)`.
        confidence: level, number of resamples and seed.

    Raises:
        ValueError: if there are no samples, or the shapes differ.
    """
    _check(labels, predictions)
    classes, positions = np.unique(labels, return_inverse=True)
    kinds = np.bincount(2 * positions + (labels == predictions), minlength=2 * len(classes))
    generator = confidence.generator()
    drawn = generator.multinomial(len(labels), kinds / len(labels), size=confidence.resamples)
    wrong, right = drawn.reshape(confidence.resamples, len(classes), 2).transpose(2, 0, 1)
    shares = right / np.maximum(right + wrong, 1)
    occurring = (right + wrong > 0).sum(axis=1)
    return percentile_interval(shares.sum(axis=1) / occurring, confidence.level)


def _by_rows(samples: int, score: Callable[[_Rows], NDArray[np.floating[Any]]], confidence: Confidence) -> Interval:
    scores = np.concatenate([score(rows) for rows in _draw(samples, confidence)])
    return percentile_interval(scores, confidence.level)


def _draw(samples: int, confidence: Confidence) -> Iterator[_Rows]:
    generator = confidence.generator()
    at_once = max(1, _CHUNK // samples)
    for start in range(0, confidence.resamples, at_once):
        yield generator.integers(samples, size=(min(at_once, confidence.resamples - start), samples))


def _pearson(labels: Numbers, predictions: Numbers) -> NDArray[np.float64]:
    """Of each row; 0 where either does not vary."""
    varies = (np.ptp(labels, axis=1) > 0) & (np.ptp(predictions, axis=1) > 0)
    first, second = (values - values.mean(axis=1, keepdims=True, dtype=np.float64) for values in (labels, predictions))
    lengths = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    found: NDArray[np.float64] = np.divide(
        (first * second).sum(axis=1), lengths, out=np.zeros(len(labels)), where=varies
    )
    return found


def _check(values: Numbers, *others: Numbers) -> None:
    if values.ndim != 1 or not len(values):
        raise ValueError(f"values must be a vector of at least one, but got the shape {values.shape}.")
    for other in others:
        if other.shape != values.shape:
            raise ValueError(f"predictions must have the shape of labels, {values.shape}, but got {other.shape}.")
