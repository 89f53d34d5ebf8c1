"""EnsV: the mean of all candidates is the role model, and a candidate is as good as it agrees with it.

Hu et al., "Towards reliable model selection for unsupervised domain adaptation: an empirical study and a certified
baseline" (EnsV, NeurIPS 2024 datasets and benchmarks).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .opinion import Probabilities


def mean_probabilities(
    probabilities: Probabilities, weights: Sequence[float] | NDArray[np.floating[Any]] | None = None
) -> Probabilities:
    """The mean of what candidates say, `(N, C)`, of `(K, N, C)`.

    Args:
        probabilities: of each candidate.
        weights: of each candidate, which may be negative, as those of `importance_weighted_aggregation` are; even if
            None. Where they do not sum to 1, neither do the rows.

    Raises:
        ValueError: if there is no candidate, or not a weight for each.

    Example:
        >>> mean_probabilities(np.array([[[1.0, 0.0]], [[0.5, 0.5]]]))
        array([[0.75, 0.25]])
    """
    if probabilities.ndim != 3 or not len(probabilities):
        raise ValueError(f"probabilities must be of shape (candidates, rows, classes), but got {probabilities.shape}.")
    if weights is None:
        mean: Probabilities = probabilities.mean(axis=0)
        return mean
    if len(weights) != len(probabilities):
        raise ValueError(f"weights must be {len(probabilities)}, one for each candidate, but got {len(weights)}.")
    weighted: Probabilities = np.tensordot(np.asarray(weights, dtype=np.float64), probabilities, axes=1)
    return weighted


def role_model_agreement(probabilities: Probabilities) -> NDArray[np.float64]:
    """EnsV: the share of rows on which each candidate gives the class of the role model, `(K,)`.

    The role model is the class that the mean of all candidates finds most likely. As an estimate of accuracy it rests
    on the role model being right, and is too high where the candidates share an error.

    Args:
        probabilities: `(K, N, C)`, each candidate's, such as the softmax of its joint logits.

    Raises:
        ValueError: if there are no candidates or no rows.

    Example:
        >>> first, second, third = np.eye(3)[[0, 1, 2]], np.eye(3)[[0, 1, 1]], np.eye(3)[[0, 1, 1]]
        >>> role_model_agreement(np.stack([first, second, third])).round(4)
        array([0.6667, 1.    , 1.    ])
    """
    role_model = mean_probabilities(probabilities).argmax(axis=1)
    if not len(role_model):
        raise ValueError("probabilities must be of one row at least, but are of none.")
    shares: NDArray[np.float64] = (probabilities.argmax(axis=2) == role_model).mean(axis=1)
    return shares
