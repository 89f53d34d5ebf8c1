"""Maximum mean discrepancy with several Gaussian kernels (MK-MMD), as in DAN and OSAN's L_dis.

Gretton et al.: Optimal Kernel Choice for Large-Scale Two-Sample Tests, NIPS 2012,
https://proceedings.neurips.cc/paper/2012/hash/dbe272bab69f8e13f14b405e038deb64-Abstract.html; Long, Cao, Wang, Jordan:
Learning Transferable Features with Deep Adaptation Networks (DAN), ICML 2015, https://arxiv.org/abs/1502.02791. The
estimator is that of the authors' library (tllib), https://github.com/thuml/Transfer-Learning-Library. OSAN, CVPR 2023:
https://doi.org/10.1109/CVPR52729.2023.00346.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ..framework.arguments import check_not_negative, check_one_of
from ..framework.batch import Step, Term
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, Layout
from .terms import reach, reach_across

Level: TypeAlias = Literal["joint", "modalities"]

KERNELS: Final = 5
"""Gaussian kernels whose squared bandwidths are 2^1, 2^0 ... 2^-3 times the mean squared distance."""


def multi_kernel(
    distances: Float[Tensor, "rows columns"], mean_distance: Float[Tensor, ""]
) -> Float[Tensor, "rows columns"]:
    r""":math:`\sum_a \exp(-d^2 / (2 a \bar d^2))` over :math:`a = 2^1, 2^0, \dots, 2^{-3}`.

    Args:
        distances: the squared distances :math:`d^2`.
        mean_distance: their scale :math:`\bar d^2`, positive.

    Example:
        >>> multi_kernel(torch.tensor([[0.0]]), torch.tensor(1.0)).item()
        5.0
    """
    kernel = (distances / (-4.0 * mean_distance)).exp()
    total = kernel
    for _ in range(KERNELS - 1):
        # With half the squared bandwidth a kernel is its own square: one exponential gives all.
        kernel = kernel.square()
        total = total + kernel
    return total


class _SquaredDistances(torch.autograd.Function):
    """The gradient takes one product of matrices, where that of the Gram matrix takes two."""

    @staticmethod
    def forward(context: Any, points: Tensor) -> Tensor:  # noqa: ANN401 - torch has no type for it
        context.save_for_backward(points)
        gram = points @ points.T
        norms = gram.diagonal()
        return (norms.unsqueeze(0) + norms.unsqueeze(1) - 2.0 * gram).clamp(min=0.0)

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> Tensor:  # noqa: ANN401
        (points,) = context.saved_tensors
        pairs = gradients[0] + gradients[0].T
        gradient: Tensor = 2.0 * (pairs.sum(dim=1, keepdim=True) * points - pairs @ points)
        return gradient


def squared_distances(points: Float[Tensor, "points width"]) -> Float[Tensor, "points points"]:
    """Squared distances of all pairs, from one Gram matrix.

    The points are centred first, which changes no distance but keeps its digits where all points lie far from 0.

    Example:
        >>> squared_distances(torch.tensor([[0.0], [3.0]])).tolist()
        [[0.0, 9.0], [9.0, 0.0]]
    """
    distances: Tensor = _SquaredDistances.apply(points - points.detach().mean(dim=0))
    return distances


def multi_kernel_discrepancy(
    source: Float[Tensor, "source width"], target: Float[Tensor, "target width"]
) -> Float[Tensor, ""]:
    r"""MK-MMD, by tllib's estimator, from one Gram matrix over both sides.

    .. math::
        \frac{1}{B_s (B_s - 1)} \sum_{i \ne j} k(s_i, s_j) + \frac{1}{B_t (B_t - 1)} \sum_{i \ne j} k(t_i, t_j)
        - \frac{2}{B_s B_t} \sum_{i, j} k(s_i, t_j) + \frac{1}{B_s - 1} + \frac{1}{B_t - 1}

    k is the sum of five Gaussian kernels whose bandwidths follow the mean squared distance over all pairs, zeros
    included, through which no gradient flows. The last two summands are constants; tllib has 2 / (B - 1), and takes
    equal sizes only.

    Returns:
        0, still part of the graph, where a side has fewer than two rows: it has no pair.

    Example:
        >>> apart = multi_kernel_discrepancy(torch.tensor([[0.0], [0.1]]), torch.tensor([[1.0], [1.1]]))
        >>> mixed = multi_kernel_discrepancy(torch.tensor([[0.0], [1.1]]), torch.tensor([[1.0], [0.1]]))
        >>> bool(apart > mixed)
        True
    """
    sizes = len(source), len(target)
    if min(sizes) < 2:
        return (source.sum() + target.sum()) * 0.0
    points = torch.cat([source, target])
    distances = squared_distances(points)
    # Where all points are equal their distances are rounding errors, which must not be blown up.
    rounding = torch.finfo(points.dtype).eps * points.detach().square().sum(dim=1).mean()
    kernel = multi_kernel(distances, torch.maximum(distances.detach().mean(), rounding).clamp(min=1e-12))
    return (kernel * _estimator(*sizes, kernel)).sum() + sum(1.0 / (size - 1) for size in sizes)


def _estimator(source: int, target: int, like: Tensor) -> Float[Tensor, "points points"]:
    """What each pair of points counts."""
    side = torch.cat([like.new_full((source,), 1.0 / source), like.new_full((target,), -1.0 / target)])
    weights = side.unsqueeze(0) * side.unsqueeze(1)
    weights[:source, :source] *= source / (source - 1)
    weights[source:, source:] *= target / (target - 1)
    return weights.fill_diagonal_(0.0)


class MaximumMeanDiscrepancy(Aligner):
    """MK-MMD between source and target: OSAN's L_dis, and the baseline DAN.

    The terms are `joint`, or one by modality over the samples that have it. Without a target there is none.

    Args:
        beta: the weight of each term. OSAN prints none; the default is ours.
        level: "joint" compares the joint features, "modalities" those of each modality.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = MaximumMeanDiscrepancy(level="modalities")
        >>> aligner.bind(make_layout(), {})
        >>> list(aligner(make_step()))
        ['audio', 'image']
    """

    layout: Layout

    def __init__(self, beta: float = 1.0, *, level: Level = "joint") -> None:
        super().__init__()
        check_not_negative(beta=beta)
        check_one_of(get_args(Level), level=level)
        self.beta = beta
        self.level: Level = level

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the modalities."""
        self.layout = layout

    def forward(self, step: Step) -> dict[str, Term]:
        """The discrepancy of the joint features, or of each modality's."""
        if step.source is None or step.target is None:
            return {}
        sides = (step.source, step.target)
        if self.level == JOINT:
            source, target = (side.outputs.features[JOINT] for side in sides)
            reaches = reach("source", self.layout) | reach("target", self.layout)
            return {JOINT: Term(multi_kernel_discrepancy(source, target), self.beta, reaches)}
        terms: dict[str, Term] = {}
        for modality in self.layout.modalities:
            source, target = (side.outputs.features[modality][side.batch.has(modality)] for side in sides)
            terms[modality] = Term(multi_kernel_discrepancy(source, target), self.beta, reach_across(modality))
        return terms
