r"""Weights under which the sum of competing terms descends for all of them: the shortest convex sum of their gradients.

Désidéri: Multiple-gradient descent algorithm (MGDA) for multiobjective optimization, Comptes Rendus Mathématique 2012,
https://doi.org/10.1016/j.crma.2012.03.014; problem P3 of Boomda (AAAI 2026), https://arxiv.org/abs/2511.08152, whose P4
is its closed form for gradients at right angles.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from .weighting import PSDMatrix, Weighting, Weights

SMALLEST: Final = 1e-12
"""A squared gradient norm counts as at least this share of the mean of all, so that its inverse is finite."""


def closed_form_weights(squared_norms: Float[Tensor, " terms"]) -> Weights:
    r""":math:`\gamma_m = Q_{mm}^{-1} / \sum_k Q_{kk}^{-1}` (eq. 13): optimal if gradients were at right angles (P4).

    Example:
        >>> closed_form_weights(torch.tensor([1.0, 4.0]))
        tensor([0.8000, 0.2000])
    """
    mean = squared_norms.mean()
    relative = squared_norms / torch.where(mean > 0, mean, 1.0)
    inverse = 1 / relative.clamp(min=SMALLEST)
    return inverse / inverse.sum()


def pareto_weights(gram: PSDMatrix) -> Weights:
    r"""The exact solution of P3: :math:`\min \gamma^T Q \gamma`, :math:`\gamma \ge 0`, :math:`\sum_m \gamma_m = 1`.

    Lengths of gradients may differ by any factor up to 10^6. Among several optima (equal gradients) it is the one that
    spreads the weight. Computed on the CPU in float64.

    Example:
        >>> pareto_weights(torch.tensor([[1.0, 0.0], [0.0, 3.0]]))
        tensor([0.7500, 0.2500])
        >>> pareto_weights(torch.tensor([[1.0, 2.0], [2.0, 9.0]])).tolist()
        [1.0, 0.0]
    """
    matrix = gram.detach().cpu().double().numpy()
    # With y_m = |g_m| gamma_m the matrix becomes that of the cosines, however different the gradients' lengths are ...
    squared = matrix.diagonal()
    floor = SMALLEST * squared.mean()
    lengths = np.sqrt(np.maximum(squared, floor if floor > 0 else 1.0))
    cosines = (matrix + matrix.T) / (2 * np.outer(lengths, lengths))
    # Rounding may have left the matrix indefinite. This much on its diagonal makes the optimum unique.
    ridge = max(1e-10, 10 * torch.finfo(gram.dtype).eps)
    np.fill_diagonal(cosines, 1.0 + ridge)
    # ... and the sum of gamma is that of y over the lengths. Its value, 1, is restored at the end.
    shares = _complementary(cosines, lengths.min() / lengths) / lengths
    return torch.from_numpy(shares / shares.sum()).to(gram)


def _complementary(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where y >= 0 and matrix @ y >= right, with one of both equal in each place.

    That is the minimum of y' matrix y / 2 - right' y over y >= 0, which lies in the direction of the minimum of
    y' matrix y over right' y = 1. By the active set of Lawson and Hanson (Solving Least Squares Problems, 1974, chapter
    23); the matrix is positive definite.
    """
    solution = np.zeros_like(right)
    # The passive set of the book: where y may be positive. All other places are held at 0.
    free = np.zeros(len(right), dtype=bool)
    for _ in range(10 * len(right)):
        # By how much a place that is held falls short, relative to what it should reach: the descent along it.
        missing = np.where(free, 0.0, 1.0 - matrix @ solution / right)
        if missing.max() <= 1e-12:
            break
        # The place that falls short most is let go, and the optimum over all that are free is found anew.
        free[missing.argmax()] = True
        solution, free = _restrict(matrix, right, solution, free)
    return solution


def _restrict(
    matrix: NDArray[np.float64], right: NDArray[np.float64], solution: NDArray[np.float64], free: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Move to the optimum over the free places, fixing at 0 those that would fall below."""
    while True:
        optimum = np.zeros_like(right)
        optimum[free] = np.linalg.solve(matrix[np.ix_(free, free)], right[free])
        falling = free & (optimum <= 0)
        if not falling.any():
            return optimum, free
        # Go towards the optimum as far as the first place that reaches 0, hold it there, and try once more.
        way = np.where(falling, solution - optimum, 1.0)
        steps = np.where(falling, solution / np.where(way > 0, way, 1.0), np.inf)
        first = steps.argmin()
        solution = solution + steps[first] * (optimum - solution)
        solution[first], free[first] = 0.0, False


class ParetoWeighting(Weighting):
    r"""MGDA: the weights of the shortest convex sum of all gradients, P3, solved exactly. Not below 0, and of sum 1.

    A term whose gradient is exactly 0 gets the weight 0: the shortest sum would be that term alone, and stand still. If
    none has a gradient, all weigh the same.

    Example:
        >>> ParetoWeighting()(torch.tensor([[1.0, -3.0, 0.0], [-3.0, 9.0, 0.0], [0.0, 0.0, 0.0]]))
        tensor([0.7500, 0.2500, 0.0000])
    """

    def forward(self, gram: PSDMatrix, /) -> Weights:
        """`pareto_weights` of the terms that have a gradient."""
        return _among_active(pareto_weights, gram)


class ClosedFormWeighting(Weighting):
    r"""Each term by the inverse of its squared gradient norm, P4: `ParetoWeighting` for gradients at right angles.

    A term whose gradient is exactly 0 gets the weight 0. If none has a gradient, all weigh the same.

    Example:
        >>> ClosedFormWeighting()(torch.tensor([[1.0, -3.0, 0.0], [-3.0, 9.0, 0.0], [0.0, 0.0, 0.0]]))
        tensor([0.9000, 0.1000, 0.0000])
    """

    def forward(self, gram: PSDMatrix, /) -> Weights:
        """`closed_form_weights` of the terms that have a gradient."""
        return _among_active(lambda inner: closed_form_weights(inner.diagonal()), gram)


def _among_active(weigh: Callable[[PSDMatrix], Weights], gram: PSDMatrix) -> Weights:
    """The weights among the terms that have a gradient, or among all where none has; 0 for the others."""
    active = gram.diagonal() > 0
    active = active | ~active.any()
    weights = torch.zeros_like(gram.diagonal())
    weights[active] = weigh(gram[active][:, active])
    return weights


def interaction(gram: PSDMatrix) -> Float[Tensor, ""]:
    r""":math:`r = \max_{i \ne j} |Q_{ij}| / \min_i Q_{ii}` (figure 3a): 0 where the closed form is the optimum.

    Terms without a gradient do not count.

    Example:
        >>> interaction(torch.tensor([[2.0, -1.0], [-1.0, 4.0]])).item()
        0.5
    """
    squared = gram.diagonal()
    beside = gram - squared.diag()
    return beside.abs().max() / torch.where(squared > 0, squared, torch.inf).min()
