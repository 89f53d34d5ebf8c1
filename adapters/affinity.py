"""Affinity: how surely features belong to a class, or to each other (MODfinity).

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
the authors' code: https://github.com/SCUTliu22/MoDfinity.
"""

from typing import Final

import attrs
from jaxtyping import Float
from torch import Tensor

from ..framework.arguments import check_positive
from ..framework.tensors.unit_norm import to_unit_norm


@attrs.frozen
class AffinityMeasure:
    r"""How affinity :math:`\phi(F, L) = e^{F \cdot L / \tau}` is measured.

    Args:
        tau: the temperature, which is 0.05 in the authors' code; the paper prints none.
        normalise: whether both sides are scaled to norm 1, as in the authors' code. The paper prints the plain product,
            but with it the modality of the longest features would always seem the surest.

    Raises:
        ValueError: if `tau` is not positive.

    Example:
        >>> import torch
        >>> printed = AffinityMeasure(tau=1.0, normalise=False)
        >>> log_affinity(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0]]), printed).item()
        6.0
    """

    tau: float = attrs.field(default=0.05)
    normalise: bool = attrs.field(default=True)

    def __attrs_post_init__(self) -> None:
        check_positive(tau=self.tau)


COSINE: Final = AffinityMeasure()


def log_affinity(
    features: Float[Tensor, "rows width"], others: Float[Tensor, "columns width"], measure: AffinityMeasure = COSINE
) -> Float[Tensor, "rows columns"]:
    r""":math:`\log \phi(F_i, L_j)` of every pair (eq. 1): phi itself overflows where products are large.

    Example:
        >>> import torch
        >>> log_affinity(torch.tensor([[3.0, 4.0]]), torch.tensor([[2.0, 0.0], [0.0, 1.0]]), AffinityMeasure(tau=0.1))
        tensor([[6., 8.]])
    """
    if measure.normalise:
        features, others = to_unit_norm(features), to_unit_norm(others)
    return features @ others.T / measure.tau
