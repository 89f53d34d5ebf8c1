"""Temperature: one number that makes a model as sure as it is right, found on the source.

Guo et al., "On calibration of modern neural networks" (ICML 2017, https://arxiv.org/abs/1706.04599).
"""

from math import exp, log
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..arguments import check_positive
from ..consensus.opinion import Probabilities, softmax

BINS: Final = 15
"""Of confidences, in the expected calibration error: those of the paper's tables."""

_COLDEST, _HOTTEST = 1e-2, 1e2
"""Temperatures are sought between these: where all rows are right, the likeliest one is 0."""


@attrs.frozen
class Calibration:
    """What one temperature does to confidences on the source.

    Args:
        temperature: that logits are divided by; above 1 where the model is too sure.
        before: expected calibration error without it.
        after: with it, on the rows that it was found on.
        rows: of the source.
    """

    temperature: float
    before: float
    after: float
    rows: int


def calibrate(logits: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> Calibration:
    """Find the temperature of a model, and say what it does.

    Args:
        logits: `(n, C)` on labelled rows of the source that no training saw.
        labels: `(n,)`.

    Raises:
        ValueError: if there are no rows, or not a label for each.

    Example:
        >>> logits, labels = np.array([[4.0, 0.0]] * 4), np.array([0, 0, 0, 1])
        >>> found = calibrate(logits, labels)
        >>> round(found.temperature, 3), round(found.before, 3), round(found.after, 3)
        (3.641, 0.232, 0.0)
    """
    temperature = find_temperature(logits, labels)
    before, after = (calibration_error(softmax(logits / divisor), labels) for divisor in (1.0, temperature))
    return Calibration(temperature, before, after, len(labels))


def find_temperature(logits: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> float:
    """The temperature of the least negative log likelihood (equation 9), between 0.01 and 100.

    The likelihood is concave in 1 / T, and its slope there, E[z_y] - E_p[z], falls: halving finds where it is 0.

    Args:
        logits: `(n, C)`.
        labels: `(n,)`.

    Raises:
        ValueError: if there are no rows, or not a label for each.
    """
    if logits.ndim != 2 or not len(logits) or labels.shape != (len(logits),):
        raise ValueError(
            f"logits and labels must be of as many rows, at least one, but got {logits.shape} and {labels.shape}."
        )
    values = logits.astype(np.float64)
    own = float(values[np.arange(len(labels)), labels].mean())
    cold, hot = log(_COLDEST), log(_HOTTEST)
    for _ in range(60):
        middle = (cold + hot) / 2
        expected = float((softmax(values / exp(middle)) * values).sum(axis=1).mean())
        # Too sure: what the model expects of its logits is above what the labels have.
        cold, hot = (middle, hot) if expected > own else (cold, middle)
    return exp((cold + hot) / 2)


def calibration_error(probabilities: Probabilities, labels: NDArray[np.integer[Any]], bins: int = BINS) -> float:
    """Expected calibration error (equation 5): how far confidence and accuracy are apart, mean over bins of confidence.

    Args:
        probabilities: `(n, C)`.
        labels: `(n,)`.
        bins: of equal width between 0 and 1, each open below.

    Raises:
        ValueError: if there are no rows, not a label for each, or no bins.

    Example:
        >>> round(calibration_error(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0])), 4)
        0.45
    """
    check_positive(bins=bins)
    if probabilities.ndim != 2 or not len(probabilities) or labels.shape != (len(probabilities),):
        raise ValueError(f"probabilities and labels must be of as many rows: {probabilities.shape} and {labels.shape}.")
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    position = np.clip(np.ceil(confidences * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(position, weights=right - confidences, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
