"""What is counted of votes: shares, patterns, and how often a vote is right if a posterior is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .opinion import Probabilities, Votes


def vote_shares(votes: Votes, classes: int) -> Probabilities:
    """Share of each row's votes that each class has, `(N, C)`: even where nobody votes.

    Example:
        >>> vote_shares(np.array([[0, -1], [0, -1], [1, -1]]), classes=2).round(2)
        array([[0.67, 0.33],
               [0.5 , 0.5 ]])
    """
    counts = sum((votes == index).sum(axis=0)[:, np.newaxis] * np.eye(classes)[index] for index in range(classes))
    # An even start for a row without votes, and no class is ruled out of any.
    shares: Probabilities = (counts + 1e-12) / (counts + 1e-12).sum(axis=1, keepdims=True)
    return shares


def expected_accuracy(
    posterior: Probabilities, predictions: Votes, weights: NDArray[np.number[Any]] | None = None
) -> float:
    """How often predictions are right if the posterior is: the mean of what it gives to the predicted classes.

    Args:
        posterior: `(N, C)`.
        predictions: `(N,)`, -1 where there is none, which does not count.
        weights: `(N,)`, how often each row counts; once if None.

    Returns:
        NaN where nothing is predicted.

    Example:
        >>> expected_accuracy(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]))
        0.65
    """
    weights = np.ones(len(posterior)) if weights is None else weights
    rows = np.flatnonzero(predictions >= 0)
    total = weights[rows].sum()
    return float(weights[rows] @ posterior[rows, predictions[rows]] / total) if total > 0 else float("nan")


def find_patterns(votes: Votes) -> tuple[Votes, NDArray[np.int64]]:
    """The different columns of votes, and which of them each row has: `(R, P)` and `(N,)`.

    Example:
        >>> patterns, positions = find_patterns(np.array([[0, 1, 0], [0, -1, 0]]))
        >>> patterns.shape, bool((patterns[:, positions] == [[0, 1, 0], [0, -1, 0]]).all())
        ((2, 2), True)
    """
    rows = np.ascontiguousarray(votes.T, dtype=np.int64)
    # As bytes, a row is one value to sort: `unique` by an axis compares number by number, twenty times as slow.
    keys = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).reshape(-1)
    _, first, positions = np.unique(keys, return_index=True, return_inverse=True)
    return votes[:, first], positions.reshape(-1).astype(np.int64)
