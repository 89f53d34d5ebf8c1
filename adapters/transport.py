"""Optimal transport between uniform distributions: exact, entropic and unbalanced plans.

Every plan is a constant: no gradient flows through it. Between equally many points on both sides the exact plan is a
permutation, which needs scipy alone; all else needs the package POT, https://github.com/PythonOT/POT. Entropic plans:
Cuturi: Sinkhorn Distances, NIPS 2013, https://arxiv.org/abs/1306.0895. Unbalanced ones: Chapel, Flamary, Wu, Févotte,
Gasso: Unbalanced Optimal Transport through Non-negative Penalized Linear Regression, NeurIPS 2021,
https://arxiv.org/abs/2106.04145.
"""

from types import ModuleType
from typing import Final, Literal, TypeAlias, get_args

import attrs
import numpy as np
import torch
from jaxtyping import Float, Int64
from numpy.typing import NDArray
from torch import Tensor

from ..framework.arguments import check_one_of, check_positive
from ..framework.errors import RecipeError

Kind: TypeAlias = Literal["exact", "entropic", "unbalanced"]

SCALINGS: Final = 10
"""Sinkhorn's scalings that give an exact solver its start: fastest, with `SMOOTHING`, for 64 to 256 points."""

SMOOTHING: Final = 0.06
"""Weight of their entropy, in units of the mean distance of a cost from the smallest of its row."""


def optimal_assignment(cost: Float[Tensor, "points points"]) -> Int64[Tensor, " points"]:
    r"""The permutation that minimises :math:`\sum_i C_{i, \sigma(i)}`: the column of each row.

    The solver (shortest augmenting paths) gets costs from which potentials of the columns were taken: every permutation
    loses the same by that, and few rows still want the same column. Where several permutations are best, any of them is
    returned. A cost that is not finite gets the identity: no permutation is better than another.

    Example:
        >>> optimal_assignment(torch.tensor([[4.0, 1.0, 3.0], [2.0, 0.0, 5.0], [3.0, 2.0, 2.0]])).tolist()
        [1, 0, 2]
    """
    from scipy.optimize import linear_sum_assignment

    values = _on_host(cost)
    if not np.isfinite(values).all():
        return torch.arange(len(cost), device=cost.device)
    _, columns = linear_sum_assignment(_balance_columns(values))
    return torch.from_numpy(columns.astype(np.int64)).to(cost.device)


def exact_plan(cost: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
    r""":math:`\arg\min_\pi \langle C, \pi \rangle` of mass 1, with equal sums of rows and of columns (A3D2, eq. 7).

    Raises:
        RecipeError: if rows and columns are not equally many, and POT is not installed.

    Example:
        >>> exact_plan(torch.tensor([[1.0, 0.0], [0.0, 1.0]])).tolist()
        [[0.0, 0.5], [0.5, 0.0]]
    """
    rows, columns = cost.shape
    if rows == columns:
        plan = torch.zeros_like(cost)
        return plan.scatter_(1, optimal_assignment(cost.detach()).unsqueeze(1), 1.0 / rows)
    values = _on_host(cost)
    if not np.isfinite(values).all():
        return torch.full_like(cost, 1.0 / cost.numel())
    return _like(cost, _pot().emd(*_uniform(values), values, numItermax=10_000_000))


def entropic_plan(
    cost: Float[Tensor, "rows columns"], regularisation: float, iterations: int = 1000
) -> Float[Tensor, "rows columns"]:
    r""":math:`\arg\min_\pi \langle C, \pi \rangle + \epsilon \sum_{ij} \pi_{ij} \log \pi_{ij}` (Sinkhorn, by POT).

    Args:
        cost: what it costs to bring a unit of mass from each row to each column.
        regularisation: the weight epsilon of the entropy, in units of the cost: far above the differences within the
            cost the plan is uniform, far below them it is the exact one, slowly.
        iterations: how many of Sinkhorn's iterations are made at most.

    Raises:
        RecipeError: if POT is not installed.
    """
    values = _on_host(cost)
    if not np.isfinite(values).all():
        return torch.full_like(cost, 1.0 / cost.numel())
    plan = _pot().sinkhorn(
        *_uniform(values), values, regularisation, method="sinkhorn_log", numItermax=iterations, warn=False
    )
    return _like(cost, plan)


def unbalanced_plan(
    cost: Float[Tensor, "rows columns"], marginal_weight: float, iterations: int = 1000
) -> Float[Tensor, "rows columns"]:
    r""":math:`\arg\min_\pi \langle C, \pi \rangle + \lambda KL(\pi 1 | a) + \lambda KL(\pi^T 1 | b)`, a and b uniform.

    By majorisation and minimisation in POT. The plan's mass is below 1 where the cost is positive.

    Args:
        cost: what it costs to bring a unit of mass from each row to each column; a constant in it makes a difference,
            unlike in the other plans.
        marginal_weight: the weight lambda of the marginals; the plan of a large one is exact.
        iterations: how many iterations are made at most.

    Raises:
        RecipeError: if POT is not installed.
    """
    values = _on_host(cost)
    if not np.isfinite(values).all():
        return torch.full_like(cost, 1.0 / cost.numel())
    plan = _pot().unbalanced.mm_unbalanced(*_uniform(values), values, marginal_weight, numItermax=iterations)
    return _like(cost, plan)


@attrs.frozen
class Transport:
    """Which plan is used.

    Args:
        kind: which of the three plans: "exact", "entropic" or "unbalanced".
        regularisation: the weight of an entropic plan's entropy, see `entropic_plan`. Costs of unit-norm features
            differ by some 0.01.
        marginal_weight: the weight of an unbalanced plan's marginals, see `unbalanced_plan`.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> Transport().plan(torch.tensor([[0.0, 1.0], [1.0, 0.0]])).tolist()
        [[0.5, 0.0], [0.0, 0.5]]
    """

    kind: Kind = attrs.field(default="exact")
    regularisation: float = attrs.field(default=1e-3)
    marginal_weight: float = attrs.field(default=1.0)

    def __attrs_post_init__(self) -> None:
        check_one_of(get_args(Kind), kind=self.kind)
        check_positive(regularisation=self.regularisation, marginal_weight=self.marginal_weight)

    def require(self, *, equal_sizes: bool) -> None:
        """Raise RecipeError where such a plan needs POT, and it is not installed."""
        if self.kind != "exact" or not equal_sizes:
            _pot()

    def plan(self, cost: Float[Tensor, "rows columns"]) -> Float[Tensor, "rows columns"]:
        """The plan for a cost, a constant on the cost's device."""
        if self.kind == "entropic":
            return entropic_plan(cost, self.regularisation)
        if self.kind == "unbalanced":
            return unbalanced_plan(cost, self.marginal_weight)
        return exact_plan(cost)


EXACT: Final = Transport()


def _balance_columns(cost: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cost minus a potential of each column: that of a blurred plan after a few of Sinkhorn's scalings."""
    distances: NDArray[np.float64] = cost - cost.min(axis=1, keepdims=True)
    width = SMOOTHING * float(distances.mean())
    if width == 0.0:
        return distances
    kernel = np.exp(distances / -width)
    rows = np.ones(len(cost))
    columns = rows
    for _ in range(SCALINGS):
        # The sum keeps columns that no row wants finite; in its row each smallest cost has the kernel 1.
        columns = 1.0 / (rows @ kernel + 1e-200)
        rows = 1.0 / (kernel @ columns)
    balanced: NDArray[np.float64] = distances - width * np.log(columns)
    return balanced


def _on_host(cost: Tensor) -> NDArray[np.float64]:
    values: NDArray[np.float64] = cost.detach().cpu().numpy().astype(np.float64)
    return values


def _like(cost: Tensor, plan: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(plan).to(cost)


def _uniform(cost: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    return tuple(np.full(size, 1.0 / size) for size in cost.shape)


def _pot() -> ModuleType:
    try:
        import ot
    except ImportError as error:
        raise RecipeError(
            "transport between unequal sizes, entropic and unbalanced, needs the package POT: "
            "pip install 'acclimate[transport]'"
        ) from error
    module: ModuleType = ot
    return module
