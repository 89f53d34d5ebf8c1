r"""AGL: what agreement does from source to target, accuracy does.

Baek et al., "Agreement-on-the-line: predicting the performance of neural networks under distribution shift" (NeurIPS
2022, https://arxiv.org/abs/2206.13089). On the probit scale, pairs of models lie on a line of agreement, source against
target, and models on a line of accuracy, which has the same slope and offset where it is one:

.. math:: \Phi^{-1}(A_T) = a \, \Phi^{-1}(A_S) + b
"""

from itertools import combinations
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Votes

_NORMAL = NormalDist()


def agreement_on_the_line(source: Votes, labels: NDArray[np.integer[Any]], target: Votes) -> NDArray[np.float64]:
    """ALine-S (algorithm 1): slope and offset of agreement, applied to each model's accuracy on the source, `(K,)`.

    It takes several models of which the accuracies differ. Where all agree equally on the source, the slope is 1.

    Args:
        source: `(K, n)`, classes that each model predicts on labelled rows of the source that no training saw.
        labels: `(n,)` of these.
        target: `(K, N)`.

    Raises:
        ValueError: if there are fewer than three models, or the shapes do not fit.

    Example:
        >>> labels, rows = np.array([0, 1] * 50), np.arange(100)
        >>> source = np.stack([np.where(rows < wrong, 1 - labels, labels) for wrong in (5, 10, 30)])
        >>> target = np.stack([np.where(rows < wrong, 1 - labels, labels) for wrong in (5, 10, 30)])
        >>> agreement_on_the_line(source, labels, target).round(4)
        array([0.95, 0.9 , 0.7 ])
    """
    if source.ndim != 2 or target.ndim != 2 or len(source) < 3 or len(source) != len(target):
        raise ValueError(f"source and target must be of the same three models or more: {source.shape}, {target.shape}.")
    if labels.shape != source.shape[1:] or not target.size or not source.size:
        raise ValueError(f"labels must be of the source's {source.shape[1]} rows, at least one: {labels.shape}.")
    before, after = (_pairs(side) for side in (source, target))
    spread = before - before.mean()
    varies = bool(np.ptp(before) > 0)
    slope = float(spread @ (after - after.mean()) / (spread @ spread)) if varies else 1.0
    offset = float(after.mean() - slope * before.mean())
    right = (source == labels).sum(axis=1)
    return np.array([_NORMAL.cdf(slope * _probit(int(count), source.shape[1]) + offset) for count in right])


def _pairs(predictions: Votes) -> NDArray[np.float64]:
    """Agreement of each pair of models, on the probit scale."""
    rows = predictions.shape[1]
    return np.array([_probit(int((one == other).sum()), rows) for one, other in combinations(predictions, 2)])


def _probit(count: int, rows: int) -> float:
    # Half a row is left where all or none agree: the scale has no end.
    return _NORMAL.inv_cdf(min(max(count, 0.5), rows - 0.5) / rows)
