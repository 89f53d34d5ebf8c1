"""How far each modality moved between the domains: how well a linear function of its features tells them apart.

A measure of our own, which finds the anchor of A3D2 (https://aclanthology.org/2025.acl-long.967/) where none is named.
"""

from collections.abc import Mapping
from typing import Final

import attrs
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..tensors.presence import keep_present

RIDGE: Final = 0.01
"""Of the linear function that tells the domains apart, in units of the features' mean variance."""


@attrs.frozen(eq=False)
class Scatter:
    """Sums over rows of both domains, centred by their mean; those of several batches can be added.

    Args:
        features: sums of the products of coordinates, `(d, d)`.
        domain: sums of the products of coordinates and the domain label (source 0, target 1), `(d,)`.
        total: the sum of squares of the domain label.
        freedom: the number of rows, minus one per batch for its mean.
    """

    features: Float[Tensor, "width width"]
    domain: Float[Tensor, " width"]
    total: Float[Tensor, ""]
    freedom: Float[Tensor, ""]


def scatter(
    source: Float[Tensor, "source width"],
    target: Float[Tensor, "target width"],
    source_rows: Bool[Tensor, " source"] | None = None,
    target_rows: Bool[Tensor, " target"] | None = None,
) -> Scatter:
    """The scatter of one batch, over the rows that count; zero where either side has none.

    Example:
        >>> sums = scatter(torch.tensor([[0.0], [2.0]]), torch.tensor([[4.0], [6.0]]))
        >>> sums.features.item(), sums.domain.item(), sums.total.item(), sums.freedom.item()
        (20.0, 4.0, 1.0, 3.0)
    """
    sides = ((source, source_rows), (target, target_rows))
    masks = [torch.ones_like(values[:, 0], dtype=torch.bool) if rows is None else rows for values, rows in sides]
    counted = torch.cat(masks) & masks[0].any() & masks[1].any()
    number = counted.sum().clamp(min=1)
    values = keep_present(torch.cat([source, target]), counted)
    labels = torch.cat([source.new_zeros(len(source)), source.new_ones(len(target))])
    labels = torch.where(counted, labels - torch.where(counted, labels, 0.0).sum() / number, 0.0)
    values = keep_present(values - values.sum(dim=0) / number, counted)
    freedom = (counted.sum() - 1).clamp(min=0).to(values.dtype)
    return Scatter(values.T @ values, labels @ values, labels.square().sum(), freedom)


def separability(sums: Scatter, ridge: float = RIDGE) -> Float[Tensor, ""]:
    r"""The share of the domain label's variance that a linear function of the features explains.

    :math:`(R^2 - f/n) / (1 - f/n)` with :math:`R^2 = b^T (A + \lambda I)^{-1} b / c` of ridge regression, n the
    degrees of freedom that the rows leave and :math:`f = tr A (A + \lambda I)^{-1}` those that the features use: what
    they would explain by chance is taken away. About 0 where the domains cannot be told apart (below it by chance), 1
    where they can be without error. Like the proxy A-distance it does not depend on the features' scale, so modalities
    can be compared; unlike it, it needs no training and no labels.

    Args:
        sums: the scatter of the rows, which holds A, b, c and n.
        ridge: the strength lambda, in units of the mean of A's diagonal.

    Returns:
        NaN where either side has no row.

    Example:
        >>> apart = scatter(torch.tensor([[0.0], [0.1]]), torch.tensor([[1.0], [0.9]]))
        >>> round(separability(apart).item(), 2)
        0.97
    """
    features, domain = sums.features.double(), sums.domain.double()
    strength = ridge * features.trace() / len(domain)
    # In the eigenvectors of A the inverse of A + lambda I is a division.
    values, vectors = torch.linalg.eigh(features)
    values = values.clamp(min=0.0)
    # Features that are all equal have no scatter; any positive number stands for it below.
    damped = values + torch.where(strength > 0, strength, 1.0)
    explained = ((vectors.T @ domain).square() / damped).sum() / sums.total
    by_chance = (values / damped).sum() / sums.freedom
    share: Tensor = (explained - by_chance) / (1 - by_chance)
    return share.to(sums.features.dtype)


def modality_shifts(
    source: Mapping[str, Float[Tensor, "_ ..."]], target: Mapping[str, Float[Tensor, "_ ..."]]
) -> dict[str, float]:
    """How far each modality moved, from features of samples of both domains: see `separability`; least first.

    Features should come from an encoder, which may be untrained: raw signals can move without their mean. The
    modality that stands first is the one to name as anchor.

    Args:
        source: the source's features `(N, ...)` by modality, of samples that have it.
        target: the target's, by the same names.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> source, target = ({m: torch.randn(50, 4, generator=generator) for m in ("a", "b")} for _ in range(2))
        >>> target["a"] += 1.0
        >>> list(modality_shifts(source, target))
        ['b', 'a']
    """
    shifts = {
        name: separability(scatter(values.flatten(1), target[name].flatten(1))).item()
        for name, values in source.items()
    }
    return dict(sorted(shifts.items(), key=lambda item: item[1]))
