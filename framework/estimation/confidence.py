"""How sure a model is, as an estimate of how often it is right.

Guillory et al., "Predicting with confidence on unseen distributions" (ICCV 2021, https://arxiv.org/abs/2107.03315).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Probabilities


def mean_confidence(probabilities: Probabilities) -> float:
    """The mean of each row's highest probability: the accuracy of a model that is calibrated on these rows.

    Models are too sure where data have moved, and this estimate is then too high.

    Args:
        probabilities: `(N, C)`.

    Raises:
        ValueError: if there are no rows.

    Example:
        >>> mean_confidence(np.array([[0.9, 0.1], [0.4, 0.6]]))
        0.75
    """
    if probabilities.ndim != 2 or not len(probabilities):
        raise ValueError(f"probabilities must be of shape (rows, classes) with a row, but got {probabilities.shape}.")
    return float(probabilities.max(axis=1).mean())


def difference_of_confidences(source: Probabilities, labels: NDArray[np.integer[Any]], target: Probabilities) -> float:
    """DoC (section 3.2): accuracy on the source minus the fall of the mean confidence from source to target.

    The paper fits a regression from the fall of confidence to that of accuracy on known shifts; this is the variant
    with slope 1, which needs none. Cut off at 0 and 1.

    Args:
        source: `(n, C)` on labelled rows of the source that no training saw.
        labels: `(n,)` of these.
        target: `(N, C)`.

    Raises:
        ValueError: if a side has no rows, or there is not a label for each row of the source.

    Example:
        >>> source, target = np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([[0.6, 0.4]])
        >>> round(difference_of_confidences(source, np.array([0, 1]), target), 4)
        0.7
    """
    found = accuracy_of(source, labels) - (mean_confidence(source) - mean_confidence(target))
    return float(np.clip(found, 0.0, 1.0))


def accuracy_of(probabilities: Probabilities, labels: NDArray[np.integer[Any]]) -> float:
    """Share of rows on which the likeliest class is the label.

    Raises:
        ValueError: if there is not a label for each row.
    """
    if labels.shape != (len(probabilities),):
        raise ValueError(f"labels must be {len(probabilities)}, one for each row, but got the shape {labels.shape}.")
    return float((probabilities.argmax(axis=1) == labels).mean())
