"""What the two losses of MODfinity have in common: the affinity of pairs that belong together, over that of all pairs.

Liu, Lv, Kang, Zhang, Liang, He: MODfinity: Unsupervised Domain Adaptation with Multimodal Information Flow
Intertwining, CVPR 2025,
https://openaccess.thecvf.com/content/CVPR2025/html/Liu_MODfinity_Unsupervised_Domain_Adaptation_with_Multimodal_Information_Flow_Intertwining_CVPR_2025_paper.html;
eq. 2 and 7. The authors' code takes the mean over samples: https://github.com/SCUTliu22/MoDfinity.
"""

from typing import Literal, TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from .terms import mean_over

ContrastForm: TypeAlias = Literal["ratio", "sample"]


def contrast_loss(
    log_affinities: Float[Tensor, "rows columns"],
    positives: Bool[Tensor, "rows columns"],
    counted: Bool[Tensor, "rows columns"],
    form: ContrastForm = "ratio",
) -> Float[Tensor, ""]:
    r"""Minus the logarithm of the affinity of positive pairs over that of all pairs (what eq. 2 and 7 have in common).

    Args:
        log_affinities: the logarithm of the affinity of every row with every column.
        positives: which pairs belong together.
        counted: which pairs count at all.
        form: "ratio" is the ratio of sums over the batch, :math:`-\log \frac{\sum_i \sum_{j \in i^+} \phi_{ij}}{\sum_i
            \sum_j \phi_{ij}}`, as printed; "sample" the mean over rows of :math:`-\log \frac{\sum_{j \in i^+}
            \phi_{ij}}{\sum_j \phi_{ij}}`, as in the authors' code.

    Returns:
        0, still part of the graph, where no pair is positive; a row without a positive pair does not count in the mean.

    Example:
        >>> log_affinities = torch.tensor([[3.0, 1.0], [1.0, 1.0]]).log()
        >>> positives, counted = torch.eye(2, dtype=torch.bool), torch.ones(2, 2, dtype=torch.bool)
        >>> round(contrast_loss(log_affinities, positives, counted).item(), 4)  # log(6 / 4)
        0.4055
        >>> round(contrast_loss(log_affinities, positives, counted, "sample").item() * 2, 4)  # log(4 / 3) + log(2)
        0.9808
    """
    lowest = torch.finfo(log_affinities.dtype).min
    right = counted & positives
    everything = torch.where(counted, log_affinities, lowest)
    correct = torch.where(right, log_affinities, lowest)
    if form == "ratio":
        everything, correct, right = everything.view(1, -1), correct.view(1, -1), right.view(1, -1)
    return mean_over(everything.logsumexp(dim=1) - correct.logsumexp(dim=1), right.any(dim=1))
