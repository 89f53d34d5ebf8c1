"""GDE: two runs that differ in nothing but their seeds are right as often as they agree.

Jiang et al., "Assessing generalization of SGD via disagreement" (ICLR 2022, https://arxiv.org/abs/2106.13799).
"""

from itertools import combinations

import numpy as np

from ..consensus.opinion import Votes


def agreement_of_runs(predictions: Votes) -> float:
    """The share of rows on which two runs agree, mean over all pairs: an estimate of the accuracy of each.

    It holds where the ensemble of such runs is calibrated by classes (theorem 4.1), which shifts undo; and where runs
    share a wrong answer, it is too high. Runs of other methods are not what it is about.

    Args:
        predictions: `(K, N)`, classes that each of K runs with seeds of their own predicts.

    Raises:
        ValueError: if there are fewer than two runs, or no rows.

    Example:
        >>> agreement_of_runs(np.array([[0, 1, 1, 0], [0, 1, 0, 0]]))
        0.75
    """
    if predictions.ndim != 2 or len(predictions) < 2 or not predictions.shape[1]:
        raise ValueError(f"predictions must be of two runs and a row at least, but got {predictions.shape}.")
    return float(np.mean([(one == other).mean() for one, other in combinations(predictions, 2)]))
