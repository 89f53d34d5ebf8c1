r"""IWA: the weighted sum of candidates that is nearest to the target's labels, found without them.

Dinu et al., "Addressing parameter choice issues in unsupervised domain adaptation by aggregation" (ICLR 2023,
https://arxiv.org/abs/2305.01281). Of models f = (f_1, ..., f_K) with values in R^C, least squares on the target would
take :math:`c = G^{-1} g` with :math:`G_{ij} = E_T \langle f_i, f_j \rangle` and
:math:`g_i = E_T \langle f_i, y \rangle`; the latter needs labels, and becomes a weighted mean over the source
(algorithm 1):

.. math:: g_i = \frac{1}{n} \sum_{k=1}^n w_k \langle f_i(x_k), y_k \rangle
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .opinion import Probabilities

CUT_OFF: Final = 1e-6
"""Directions of G that weigh less than this, of the heaviest, are left out: candidates that say nearly the same."""


def importance_weighted_aggregation(
    target: Probabilities,
    source: Probabilities,
    labels: NDArray[np.integer[Any]],
    weights: NDArray[np.floating[Any]],
) -> NDArray[np.float64]:
    """Weights of the candidates, `(K,)`: for `mean_probabilities`. They may be negative, and need not sum to 1.

    Args:
        target: `(K, N, C)`, what each candidate says of the target's rows.
        source: `(K, n, C)`, what each says of labelled rows of the source.
        labels: `(n,)` of the source.
        weights: `(n,)`, how much likelier each row of the source is on the target, such as a domain classifier's odds.

    Raises:
        ValueError: if shapes do not fit, there are no rows, or weights are negative or not finite.

    Example:
        >>> right, wrong, labels = np.eye(2)[[0, 1]], np.eye(2)[[1, 1]], np.array([0, 1])
        >>> candidates = np.stack([right, wrong])
        >>> importance_weighted_aggregation(candidates, candidates, labels, np.ones(2)).round(6) + 0.0
        array([1., 0.])
    """
    _check(target, source, labels, weights)
    gram = np.einsum("knc,lnc->kl", target, target) / target.shape[1]
    truth = source[:, np.arange(len(labels)), labels]
    found: NDArray[np.float64] = np.linalg.lstsq(gram, truth @ weights / len(labels), rcond=CUT_OFF)[0]
    return found


def _check(
    target: Probabilities,
    source: Probabilities,
    labels: NDArray[np.integer[Any]],
    weights: NDArray[np.floating[Any]],
) -> None:
    for name, values in (("target", target), ("source", source)):
        if values.ndim != 3 or not values.size:
            raise ValueError(f"{name} must be of shape (candidates, rows, classes), but got {values.shape}.")
    if len(target) != len(source) or target.shape[2] != source.shape[2]:
        raise ValueError(
            f"target and source must be of as many candidates and classes, but got {target.shape} and {source.shape}."
        )
    rows = source.shape[1]
    if labels.shape != (rows,) or weights.shape != (rows,):
        raise ValueError(
            f"labels and weights must be of the source's {rows} rows, but got {labels.shape} and {weights.shape}."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(f"weights must be finite and 0 or more, but their least is {weights.min()}.")
