"""Public losses and solvers that ours are compared with. Each is imported when it is asked for."""

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Of features of source and target."""


@attrs.frozen(eq=False)
class LossPeer:
    """A public loss.

    Args:
        name: package and what it is called there.
        make: imports it, and makes what is timed: as a user of the package has it by default.
        make_equal: as set so that it equals ours; None where it is another definition.
        note: how it differs from ours.
    """

    name: str
    make: Callable[[], Loss]
    make_equal: Callable[[Loss], Loss] | None = None
    note: str = ""


def _skada_coral() -> Loss:
    from skada.deep.losses import deepcoral_loss

    loss: Loss = deepcoral_loss
    return loss


def _pytorch_adapt_coral() -> Loss:
    from pytorch_adapt.layers import CORALLoss

    loss: Loss = CORALLoss()
    return loss


CORAL_PEERS = (
    LossPeer("skada: deepcoral_loss", _skada_coral, lambda loss: loss),
    LossPeer("pytorch-adapt: CORALLoss", _pytorch_adapt_coral, lambda loss: loss),
)
"""Deep CORAL, with 1/(4 d^2)."""

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""1/(2a) of our five kernels exp(-d^2 / (2 a mean)): what pytorch-adapt multiplies d^2 / bandwidth by."""


def _pytorch_adapt_mmd(mmd_type: str) -> Callable[[], Loss]:
    def make() -> Loss:
        from pytorch_adapt.layers import MMDLoss

        loss: Loss = MMDLoss(kernel_scales=torch.tensor(SCALES), mmd_type=mmd_type)
        return loss

    return make


def _as_ours(_: Loss) -> Loss:
    """Our bandwidth in place of the median of distances, a sum over kernels in place of the mean, and our constants."""
    from pytorch_adapt.layers import MMDLoss

    def loss(source: Tensor, target: Tensor) -> Tensor:
        points = torch.cat([source, target]).detach()
        bandwidth = torch.cdist(points, points).square().mean().item()
        scales = torch.tensor(SCALES, dtype=source.dtype)
        value: Tensor = MMDLoss(kernel_scales=scales, mmd_type="quadratic", bandwidth=bandwidth)(source, target)
        return len(SCALES) * value + 1 / (len(source) - 1) + 1 / (len(target) - 1)

    return loss


def _skada_mmd() -> Loss:
    from skada.deep.losses import dan_loss

    def loss(source: Tensor, target: Tensor) -> Tensor:
        value: Tensor = dan_loss(source, target, sigmas=SCALES)
        return value

    return loss


MMD_PEERS = (
    LossPeer(
        "pytorch-adapt: MMDLoss, quadratic",
        _pytorch_adapt_mmd("quadratic"),
        _as_ours,
        "once its bandwidth (a median), mean over kernels and constants are set to ours; timed as it comes",
    ),
    LossPeer(
        "pytorch-adapt: MMDLoss, linear",
        _pytorch_adapt_mmd("linear"),
        note="another estimator, of B/2 pairs instead of B^2",
    ),
    LossPeer(
        "skada: dan_loss", _skada_mmd, note="kernels of the distance, exp(-d/sigma), of five fixed sigmas; biased"
    ),
)
"""MK-MMD of five Gaussian kernels."""


def make_mgda() -> Callable[[Tensor], Tensor]:
    """TorchJD's MGDA on a Gram matrix, by Frank and Wolfe, with its own defaults (100 iterations at most)."""
    from torchjd.aggregation import MGDAWeighting

    weigh: Callable[[Tensor], Tensor] = MGDAWeighting()
    return weigh


Plan: TypeAlias = Callable[[Float[Tensor, "rows columns"]], Float[Tensor, "rows columns"]]


def make_emd() -> Plan:
    """POT's network simplex, with the marginals and the conversions that a loss in torch needs."""
    import ot

    def plan(cost: Tensor) -> Tensor:
        uniform = [np.full(size, 1 / size) for size in cost.shape]
        return torch.from_numpy(ot.emd(*uniform, cost.numpy().astype(np.float64))).to(cost)

    return plan


def make_assignment() -> Plan:
    """The assignment of scipy, on the cost as it is."""
    from scipy.optimize import linear_sum_assignment

    def plan(cost: Tensor) -> Tensor:
        rows, columns = linear_sum_assignment(cost.numpy())
        result = torch.zeros_like(cost)
        result[rows, columns] = 1 / len(cost)
        return result

    return plan


def make_linear_program() -> Plan:
    """A3D2's code: cvxpy with the solver that it chooses."""
    import cvxpy

    # Any: cvxpy overloads operators in ways that no type describes.
    expressions: Any = cvxpy

    def plan(cost: Tensor) -> Tensor:
        size = len(cost)
        variable = expressions.Variable((size, size), nonneg=True)
        marginals = [expressions.sum(variable, axis=axis) == 1 / size for axis in (0, 1)]
        total = expressions.sum(expressions.multiply(cost.numpy().astype(np.float64), variable))
        expressions.Problem(expressions.Minimize(total), marginals).solve()
        return torch.from_numpy(variable.value).to(cost)

    return plan
