"""ATC: the share of rows that are surer than a threshold, which is found on the source.

Garg et al., "Leveraging unlabeled data to predict out-of-distribution performance" (ICLR 2022,
https://arxiv.org/abs/2201.04234); the authors' code: https://github.com/saurabhgarg1996/ATC_code.
"""

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..arguments import check_one_of
from ..consensus.opinion import Probabilities

Score: TypeAlias = Literal["maximum_confidence", "negative_entropy"]
"""How sure a row is: by its highest probability, or by minus its entropy."""


def average_thresholded_confidence(
    source: Probabilities,
    labels: NDArray[np.integer[Any]],
    target: Probabilities,
    score: Score = "negative_entropy",
) -> float:
    """The share of the target's rows whose score is not below the threshold (equation 2).

    The threshold is such that as many of the source's rows score below it as are wrong there (equation 1). It holds
    where being sure means the same on both sides.

    Args:
        source: `(n, C)` on labelled rows of the source that no training saw.
        labels: `(n,)` of these.
        target: `(N, C)`.
        score: of a row; both are of the paper, which found the entropy somewhat better.

    Raises:
        ValueError: if a side has no rows, there is not a label for each row of the source, or no such score.

    Example:
        >>> source, target = np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([[0.8, 0.2], [0.5, 0.5], [0.3, 0.7]])
        >>> round(average_thresholded_confidence(source, np.array([0, 1]), target), 4)
        0.0
        >>> round(average_thresholded_confidence(source, np.array([0, 0]), target), 4)
        0.6667
    """
    if target.ndim != 2 or not len(target):
        raise ValueError(f"target must be of shape (rows, classes) with a row, but got {target.shape}.")
    threshold = find_threshold(source, labels, score)
    return float((score_rows(target, score) >= threshold).mean())


def find_threshold(source: Probabilities, labels: NDArray[np.integer[Any]], score: Score) -> float:
    """The score below which as many rows of the source lie as are wrong; infinite where all of them are.

    Raises:
        ValueError: as `average_thresholded_confidence` does.
    """
    if source.ndim != 2 or not len(source) or labels.shape != (len(source),):
        raise ValueError(
            f"source and labels must be of as many rows, at least one, but got {source.shape} and {labels.shape}."
        )
    wrong = int((source.argmax(axis=1) != labels).sum())
    return float("inf") if wrong == len(source) else float(np.sort(score_rows(source, score))[wrong])


def score_rows(probabilities: Probabilities, score: Score) -> NDArray[np.float64]:
    """How sure each row is, `(N,)`.

    Example:
        >>> score_rows(np.array([[1.0, 0.0], [0.5, 0.5]]), "negative_entropy").round(4) + 0.0
        array([ 0.    , -0.6931])
    """
    check_one_of(("maximum_confidence", "negative_entropy"), score=score)
    if score == "maximum_confidence":
        highest: NDArray[np.float64] = probabilities.max(axis=1)
        return highest
    logs = np.log(np.where(probabilities > 0, probabilities, 1.0))
    found: NDArray[np.float64] = (probabilities * logs).sum(axis=1)
    return found
