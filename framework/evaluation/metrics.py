"""Measures of predictions against labels. Imports numpy only: a deployed artefact is evaluated with them too."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Classes: TypeAlias = NDArray[np.integer[Any]]
"""Class indices `(N,)`."""

Numbers: TypeAlias = NDArray[np.number[Any]]
"""Numbers `(N,)`, or scores `(N, C)`."""


def accuracy(labels: Classes, predictions: Classes) -> float:
    """Share of samples that are right.

    Raises:
        ValueError: if there are no samples, or the shapes differ.

    Example:
        >>> accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
        0.75
    """
    _check_vectors(labels, predictions)
    return float(np.mean(labels == predictions))


def balanced_accuracy(labels: Classes, predictions: Classes) -> float:
    """Share of samples that are right within each class, mean over the classes that occur in `labels`.

    Raises:
        ValueError: if there are no samples, or the shapes differ.

    Example:
        >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
        0.5
    """
    _check_vectors(labels, predictions)
    right = labels == predictions
    return float(np.mean([right[labels == label].mean() for label in np.unique(labels)]))


def top_k_accuracy(labels: Classes, scores: Numbers, k: int) -> float:
    """Share of samples whose label is among the k classes that score highest.

    Of equal scores the class with the lower index ranks higher, as in `argmax`: k = 1 gives the accuracy.

    Args:
        labels: `(N,)`.
        scores: `(N, C)`, such as logits.
        k: from 1 to C.

    Raises:
        ValueError: if there are no samples, the shapes differ, a label has no score, or k is out of range.

    Example:
        >>> top_k_accuracy(np.array([2, 0]), np.array([[0.1, 0.2, 0.15], [0.0, 0.2, 0.1]]), k=2)
        0.5
    """
    _check_scores(labels, scores)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"k must be from 1 to the number of classes, {scores.shape[1]}, but got {k}.")
    ranked = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return float(np.mean((ranked == labels[:, np.newaxis]).any(axis=1)))


def confusion_matrix(labels: Classes, predictions: Classes, classes: int) -> NDArray[np.int64]:
    """Number of samples by label (rows) and prediction (columns), `(classes, classes)`.

    Raises:
        ValueError: if there are no samples, the shapes differ, or an index is not in `range(classes)`.

    Example:
        >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), classes=2).tolist()
        [[1, 1], [0, 1]]
    """
    _check_vectors(labels, predictions)
    for name, values in (("labels", labels), ("predictions", predictions)):
        wrong = values[(values < 0) | (values >= classes)]
        if len(wrong):
            raise ValueError(f"{name} must be from 0 to {classes - 1}, but got {wrong[0]}.")
    pairs = np.bincount(labels * classes + predictions, minlength=classes * classes)
    return pairs.reshape(classes, classes).astype(np.int64)


def macro_f1(labels: Classes, predictions: Classes) -> float:
    """F1, mean over the classes that occur among labels or predictions.

    Raises:
        ValueError: if there are no samples, or the shapes differ.

    Example:
        >>> round(macro_f1(np.array([0, 0, 1]), np.array([0, 1, 1])), 4)
        0.6667
    """
    scores, _ = _f1_by_class(labels, predictions)
    return float(scores.mean())


def weighted_f1(labels: Classes, predictions: Classes) -> float:
    """F1, mean over classes, each weighted by how many labels it has.

    Raises:
        ValueError: if there are no samples, or the shapes differ.

    Example:
        >>> round(weighted_f1(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, 1, 1])), 4)
        0.781
    """
    scores, counts = _f1_by_class(labels, predictions)
    return float(np.average(scores, weights=counts))


def mean_absolute_error(labels: Numbers, predictions: Numbers) -> float:
    """Mean distance between numbers and their predictions.

    Raises:
        ValueError: if there are no samples, or the shapes differ.

    Example:
        >>> mean_absolute_error(np.array([0.0, 1.0]), np.array([0.5, 1.0]))
        0.25
    """
    _check_vectors(labels, predictions)
    return float(np.abs(labels.astype(np.float64) - predictions).mean())


def pearson(labels: Numbers, predictions: Numbers) -> float:
    """Pearson's correlation coefficient; 0 where labels or predictions do not vary.

    Raises:
        ValueError: if there are no samples, or the shapes differ.

    Example:
        >>> round(pearson(np.array([0.0, 1.0, 2.0]), np.array([5.0, 7.0, 9.0])), 4)
        1.0
    """
    _check_vectors(labels, predictions)
    # Subtracting the mean of equal numbers may leave rounding errors, which would then be correlated.
    if np.ptp(labels) == 0 or np.ptp(predictions) == 0:
        return 0.0
    first, second = (values.astype(np.float64) - values.mean(dtype=np.float64) for values in (labels, predictions))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def rounded_accuracy(labels: Numbers, predictions: Numbers, limit: int) -> float:
    """Share of samples whose number and prediction are the same whole number, once cut off at -limit and limit.

    Of a sentiment in [-3, 3], this is Acc-7 with limit 3, and Acc-5 with limit 2. Halves go to the even number.

    Args:
        labels: `(N,)`.
        predictions: `(N,)`.
        limit: the largest whole number, positive.

    Raises:
        ValueError: if there are no samples, the shapes differ, or `limit` is not positive.

    Example:
        >>> round(rounded_accuracy(np.array([2.6, -3.0, 0.5]), np.array([7.0, -2.4, 0.0]), limit=3), 4)
        0.6667
    """
    _check_vectors(labels, predictions)
    if limit < 1:
        raise ValueError(f"limit must be positive, but got {limit}.")
    first, second = (np.round(np.clip(values, -limit, limit)) for values in (labels, predictions))
    return float(np.mean(first == second))


def sign_accuracy(labels: Numbers, predictions: Numbers, *, zeros: bool) -> float:
    """Share of samples on the right side of zero: Acc-2 of a sentiment, in either of its variants.

    Args:
        labels: `(N,)`.
        predictions: `(N,)`.
        zeros: with zeros, it is negative against non-negative on all samples. Without, it is negative against positive
            on the samples whose label is not zero; a prediction of zero then counts as negative.

    Raises:
        ValueError: if there are no samples, the shapes differ, or zeros are left out and there is nothing else.

    Example:
        >>> labels, predictions = np.array([0.0, 1.0, -1.0]), np.array([-0.1, 0.5, -0.5])
        >>> [round(sign_accuracy(labels, predictions, zeros=zeros), 4) for zeros in (True, False)]
        [0.6667, 1.0]
    """
    return accuracy(*_signs(labels, predictions, zeros=zeros))


def sign_weighted_f1(labels: Numbers, predictions: Numbers, *, zeros: bool) -> float:
    """F1 of the two classes of `sign_accuracy`, each weighted by how many labels it has.

    Raises:
        ValueError: as `sign_accuracy` does.

    Example:
        >>> round(sign_weighted_f1(np.array([1.0, 2.0, -1.0]), np.array([1.0, -1.0, -1.0]), zeros=True), 4)
        0.6667
    """
    return weighted_f1(*_signs(labels, predictions, zeros=zeros))


def _signs(labels: Numbers, predictions: Numbers, *, zeros: bool) -> tuple[Classes, Classes]:
    _check_vectors(labels, predictions)
    if zeros:
        return (labels >= 0).astype(np.int64), (predictions >= 0).astype(np.int64)
    counted = labels != 0
    if not counted.any():
        raise ValueError("labels must hold another number than zero, but hold none.")
    return (labels[counted] > 0).astype(np.int64), (predictions[counted] > 0).astype(np.int64)


def _f1_by_class(labels: Classes, predictions: Classes) -> tuple[Numbers, Classes]:
    _check_vectors(labels, predictions)
    classes = np.union1d(labels, predictions)
    counts = np.array([np.sum(labels == label) for label in classes])
    predicted = np.array([np.sum(predictions == label) for label in classes])
    hits = np.array([np.sum((labels == label) & (predictions == label)) for label in classes])
    return 2 * hits / (counts + predicted), counts


def _check_vectors(labels: NDArray[Any], predictions: NDArray[Any]) -> None:
    _check_labels(labels)
    if predictions.shape != labels.shape:
        raise ValueError(f"predictions must have the shape of labels, {labels.shape}, but got {predictions.shape}.")


def _check_scores(labels: Classes, scores: Numbers) -> None:
    _check_labels(labels)
    if scores.ndim != 2 or len(scores) != len(labels):
        raise ValueError(f"scores must be of shape ({len(labels)}, classes), but got {scores.shape}.")
    wrong = labels[(labels < 0) | (labels >= scores.shape[1])]
    if len(wrong):
        raise ValueError(f"labels must be from 0 to {scores.shape[1] - 1}, but got {wrong[0]}.")


def _check_labels(labels: NDArray[Any]) -> None:
    if labels.ndim != 1 or not len(labels):
        raise ValueError(f"labels must be a vector of at least one, but got the shape {labels.shape}.")
