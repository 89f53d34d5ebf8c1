"""How well a score without labels would have chosen among models whose accuracy is known. Such numbers are oracle."""

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen
class RankStudy:
    """What choosing by a score would have meant.

    Args:
        spearman: rank correlation with accuracy; None where either is the same for all.
        regret: accuracy that is lost to the best candidate; of equally high scores, the mean.
        error: mean distance of the score from the accuracy; None where it does not estimate it.
    """

    spearman: float | None
    regret: float
    error: float | None = None


def study_score(scores: Sequence[float], accuracies: Sequence[float], *, estimates: bool) -> RankStudy:
    """Hold a score against accuracy.

    Args:
        scores: of each candidate, higher is better.
        accuracies: of each, with labels.
        estimates: whether the score says what the accuracy is.

    Raises:
        ValueError: if there are no candidates, or not a score for each.

    Example:
        >>> study_score([0.9, 0.5, 0.7], [0.8, 0.4, 0.85], estimates=True)
        RankStudy(spearman=0.5, regret=0.05, error=0.1167)
    """
    if not len(accuracies) or len(scores) != len(accuracies):
        raise ValueError(f"scores must be {len(accuracies)}, one for each candidate, but got {len(scores)}.")
    told, right = np.asarray(scores, dtype=np.float64), np.asarray(accuracies, dtype=np.float64)
    picked = right[told == told.max()]
    error = float(np.abs(told - right).mean()) if estimates else None
    return RankStudy(spearman(told, right), float(right.max() - picked.mean()), error)


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float | None:
    """Rank correlation (Spearman, 1904), with mean ranks of equal values; None where one side does not vary.

    Example:
        >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([5.0, 7.0, 6.0]))
        0.5
    """
    one, other = mean_ranks(first), mean_ranks(second)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1, equal values sharing the mean of theirs.

    Example:
        >>> mean_ranks(np.array([3.0, 1.0, 3.0]))
        array([2.5, 1. , 2.5])
    """
    below = (values[:, np.newaxis] > values).sum(axis=1)
    equal = (values[:, np.newaxis] == values).sum(axis=1)
    ranks: NDArray[np.float64] = below + (equal + 1) / 2
    return ranks
