r"""One modality of OSAN's tensors: its maps U and V, and the running means and covariances that they follow.

Liu, Qiao, Lu, Yin, Lin, Peng, Ren: OSAN: A One-Stage Alignment Network to Unify Multimodal Alignment and Unsupervised
Domain Adaptation, CVPR 2023, https://doi.org/10.1109/CVPR52729.2023.00346, section 3.1.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..framework.layout import DomainSide
from ..framework.tensors.presence import keep_present
from .canonical_correlation import add_ridge, canonical_correlation, contraction, improve, rotate_towards

Solver: TypeAlias = Literal["sweep", "closed_form"]


class TensorMode(nn.Module):
    """U and V of one modality, and the moving averages that they follow.

    Args:
        width: the length of the modality's features.
        size: the length of its projected vector.

    Example:
        >>> mode = TensorMode(width=4, size=2)
        >>> mode.project(torch.ones(3, 4), "target").shape
        torch.Size([3, 2])
    """

    source: Tensor
    target: Tensor
    source_mean: Tensor
    target_mean: Tensor
    cxx: Tensor
    cxy: Tensor
    cyy: Tensor

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        start = nn.init.orthogonal_(torch.empty(width, size))
        # At first both sides share one map. It says nothing of correlation: else directions in which no feature ever
        # varies would count as correlated for as long as they last.
        for name, value in (
            ("source", start),
            ("target", start.clone()),
            ("source_mean", torch.zeros(width)),
            ("target_mean", torch.zeros(width)),
            ("cxx", torch.eye(width)),
            ("cxy", torch.zeros(width, width)),
            ("cyy", torch.eye(width)),
        ):
            self.register_buffer(name, value)

    def centre(self, features: Tensor, present: Tensor, domain_side: DomainSide) -> Tensor:
        """Features without their side's mean, 0 where absent."""
        mean = self.source_mean if domain_side == "source" else self.target_mean
        # A copy: the update of a training step comes before its backward pass, which needs the values used here.
        return keep_present(features - mean.clone(), present)

    def project(self, centred: Tensor, domain_side: DomainSide) -> Tensor:
        """By U on the source, by V on the target."""
        return centred @ (self.source if domain_side == "source" else self.target).clone()

    def follow_mean(
        self, values: Float[Tensor, "batch width"], rows: Bool[Tensor, " batch"], domain_side: DomainSide, rate: float
    ) -> None:
        """Move one side's mean towards that of the rows which have the modality."""
        mean = keep_present(values, rows).sum(dim=0) / rows.sum().clamp(min=1)
        (self.source_mean if domain_side == "source" else self.target_mean).lerp_(mean, rate * rows.any().to(mean))

    def follow_covariances(
        self,
        centred: Sequence[Float[Tensor, "_ width"]],
        others: Sequence[Sequence[Float[Tensor, "_ _"]]],
        pairs: Float[Tensor, "source target"],
        rate: float,
    ) -> None:
        """Move the covariances towards those of a pair of batches, eq. 3.

        Args:
            centred: this modality's centred features on source and target.
            others: the projected vectors of all other modalities on source and target.
            pairs: how much each source sample counts for each target sample.
            rate: the share of the way that the averages go.
        """
        (x, y), (other_x, other_y) = centred, others
        # What a sample weighs within its own side: the squared norm of its tensor's other modes, times how much it is
        # paired with.
        first, second = (
            reduce(torch.mul, (values.square().sum(dim=1) for values in other), pairs.sum(dim=axis))
            for other, axis in ((other_x, 1), (other_y, 0))
        )
        tiny = torch.finfo(pairs.dtype).tiny
        sums = first.sum().clamp(min=tiny), second.sum().clamp(min=tiny)
        # Without a pair nothing moves.
        effective = rate * pairs.any().to(pairs)
        self.cxx.lerp_((first / sums[0]).unsqueeze(0) * x.T @ x, effective)
        self.cyy.lerp_((second / sums[1]).unsqueeze(0) * y.T @ y, effective)
        # Divided by the root of both sums, so that correlations stay within [0, 1].
        self.cxy.lerp_(contraction(x, y, other_x, other_y, pairs) / (sums[0].sqrt() * sums[1].sqrt()), effective)

    def solve(self, solver: Solver, ridge: float, inertia: float) -> None:
        """Renew U and V, eq. 2: by one iteration for each, or in closed form, turned towards the last ones."""
        # Where all features are equal there is no variance to be relative to.
        cxx, cyy = (add_ridge(c, (ridge * c.diagonal().mean()).clamp(min=1e-8)) for c in (self.cxx, self.cyy))
        if solver == "sweep":
            u = improve(cxx, self.cxy, self.source, self.target, inertia)
            v = improve(cyy, self.cxy.T, self.target, u, inertia)
        else:
            size = self.source.shape[1]
            u, v, _ = canonical_correlation(cxx, self.cxy, cyy, ridge=0.0)
            u, v = rotate_towards(u[:, :size], v[:, :size], self.source, self.target)
        self.source.copy_(u)
        self.target.copy_(v)

    @property
    def correlation(self) -> float:
        """Mean of the correlations along the projected directions, from 0 to 1."""
        return float((self.source * (self.cxy @ self.target)).sum() / self.source.shape[1])
