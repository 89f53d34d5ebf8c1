"""How far the covariances of two batches of features lie apart (CORAL), with the gradient in closed form.

Sun, Saenko: Deep CORAL: Correlation Alignment for Deep Domain Adaptation, ECCV 2016 workshops,
https://arxiv.org/abs/1607.01719; Boomda, AAAI 2026, https://arxiv.org/abs/2511.08152, eq. 10.
"""

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..framework.tensors.presence import keep_present

Statistic: TypeAlias = Literal["covariance", "second_moment"]


@attrs.frozen(eq=False)
class Spread:
    """How features spread, and what the gradient of that needs.

    Args:
        matrix: the covariance, or what stands for it.
        deviations: the features minus their mean, zero in rows that do not count; see `spread` for second moments.
        degrees: the number of rows that count, minus 1.
    """

    matrix: Float[Tensor, "width width"]
    deviations: Float[Tensor, "batch width"]
    degrees: int

    def block(self, columns: slice) -> "Spread":
        """The spread of some of the features: a block of the matrix, and their columns."""
        return Spread(self.matrix[columns, columns], self.deviations[:, columns], self.degrees)


@torch.no_grad()
def spread(
    features: Float[Tensor, "batch width"],
    counted: Bool[Tensor, " batch"] | None = None,
    statistic: Statistic = "covariance",
) -> Spread:
    r"""Covariance :math:`C = \frac{1}{n-1} \sum_i (z_i - \bar z)(z_i - \bar z)^T` over the rows that count.

    Args:
        features: the features of one side.
        counted: which rows count; None means all.
        statistic: "covariance", or "second_moment", :math:`(Z^T Z - \bar z \bar z^T) / (n-1) = C + \bar z \bar z^T`,
            which public CORAL code computes in place of it (:math:`\bar z \bar z^T` lacks a factor n): it sees the mean
            as well.

    Example:
        >>> features = torch.tensor([[1.0], [3.0]])
        >>> spread(features).matrix, spread(features, statistic="second_moment").matrix
        (tensor([[2.]]), tensor([[6.]]))
    """
    if counted is not None and bool(counted.all()):
        counted = None
    number = len(features) if counted is None else int(counted.sum())
    degrees = number - 1

    def keep(values: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
        return values if counted is None else keep_present(values, counted)

    mean = keep(features).sum(dim=0) / max(number, 1)
    deviations = keep(features - mean)
    matrix = deviations.T @ (deviations / max(degrees, 1))
    if statistic == "second_moment":
        # What `align` needs of a row: its deviation for C, and (n - 1) / n of the mean for the mean's outer product.
        matrix = matrix + mean.outer(mean)
        deviations = keep(deviations + mean * (degrees / max(number, 1)))
    return Spread(matrix, deviations, degrees)


@torch.no_grad()
def align(
    source: Spread, target: Spread, *, normalised: bool = False
) -> tuple[Float[Tensor, ""], Float[Tensor, "source width"], Float[Tensor, "target width"]]:
    r"""Loss :math:`L^{CA} = \|C^t - C^s\|_F^2` (Boomda, eq. 10), and its gradients by both sides' features.

    :math:`\nabla_{Z^s} L^{CA} = \frac{4}{n_s - 1} (Z^s - \bar z^s)(C^s - C^t)`, and likewise with the sides exchanged.
    All three are constants without graph, see `coral_loss`; and 0 where a side has fewer than two rows that count.

    Args:
        source: how the source's features spread.
        target: how the target's features spread, which are of the same width d.
        normalised: whether the loss is divided by 4 d^2, as Deep CORAL does.

    Example:
        >>> sides = spread(torch.tensor([[0.0], [2.0]])), spread(torch.tensor([[5.0], [9.0]]))
        >>> [number.tolist() for number in align(*sides)]  # covariances 2 and 8
        [36.0, [[24.0], [-24.0]], [[-48.0], [48.0]]]
    """
    scale = 1 / (4 * len(source.matrix) ** 2) if normalised else 1.0
    if min(source.degrees, target.degrees) < 1:
        scale = 0.0
    difference = source.matrix - target.matrix
    # The derivative of the squared norm gives 2 C^s - 2 C^t, that of Z^T Z / (n - 1) twice the deviations.
    source_gradient = source.deviations @ difference * (4 * scale / max(source.degrees, 1))
    target_gradient = target.deviations @ difference * (-4 * scale / max(target.degrees, 1))
    return torch.linalg.vector_norm(difference).square() * scale, source_gradient, target_gradient


class _KnownGradient(torch.autograd.Function):
    # Any: torch has no type for its contexts.

    @staticmethod
    def forward(context: Any, value: Tensor, *pairs: Tensor) -> Tensor:  # noqa: ANN401
        """Pairs are all inputs, then all gradients."""
        context.save_for_backward(*pairs[len(pairs) // 2 :])
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        known = [gradient * saved for saved in context.saved_tensors]
        return None, *known, *([None] * len(known))


def attach(
    value: Float[Tensor, ""],
    features: Iterable[Float[Tensor, "_ _"]],
    gradients: Iterable[Float[Tensor, "_ _"]],
) -> Float[Tensor, ""]:
    """The value, as a part of the graph whose gradient by the features is known already."""
    attached: Tensor = _KnownGradient.apply(value, *features, *gradients)
    return attached


def coral_loss(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_rows: Bool[Tensor, " source"] | None = None,
    target_rows: Bool[Tensor, " target"] | None = None,
    *,
    normalised: bool = False,
    statistic: Statistic = "covariance",
) -> Float[Tensor, ""]:
    """The loss of `align` for two batches of features, with a graph whose backward pass is the closed form.

    It cannot be differentiated twice.

    Args:
        source: the source's features.
        target: the target's features.
        source_rows: which rows of the source count; None means all.
        target_rows: which rows of the target count; None means all.
        normalised: whether the loss is divided by 4 d^2.
        statistic: what is compared, see `spread`.

    Example:
        >>> coral_loss(torch.tensor([[0.0], [2.0]]), torch.tensor([[5.0], [5.0]])).item()
        4.0
    """
    spreads = spread(source, source_rows, statistic), spread(target, target_rows, statistic)
    value, *gradients = align(*spreads, normalised=normalised)
    return attach(value, (source, target), gradients)
