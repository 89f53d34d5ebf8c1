r"""RankMe: the effective rank of features.

Garrido et al., "RankMe: assessing the downstream performance of pretrained self-supervised representations by their
rank" (ICML 2023, equation 1, https://arxiv.org/abs/2210.02885): with singular values :math:`\sigma` of the features,

.. math:: \exp\Bigl(-\sum_k p_k \log p_k\Bigr), \quad p_k = \sigma_k / \|\sigma\|_1
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ..layout import JOINT, Task
from .entropy import entropy
from .validator import Candidate, EachAlone


def rank_me(features: Float[Tensor, "samples width"]) -> Float[Tensor, ""]:
    """From 1, where all rows are multiples of one, to min(N, d); 1 where all features are 0.

    The paper adds 1e-7 to each share; here 0 log 0 is 0 instead.

    Example:
        >>> rank_me(torch.eye(3)), rank_me(torch.ones(3, 2)).round(decimals=4)
        (tensor(3.), tensor(1.))
    """
    values: Tensor = torch.linalg.svdvals(features)
    return entropy(values / values.sum().clamp(min=torch.finfo(features.dtype).tiny)).exp()


class RankMe(EachAlone):
    """`rank_me` of the joint features on the target.

    Values of models whose features are of other widths cannot be compared, nor those of regularised ones with others.

    Example:
        >>> RankMe().needs_classes, RankMe().comparable
        (False, False)
    """

    needs_classes = False

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model; the same for each task."""
        return rank_me(candidate.both[1].outputs.features[JOINT].double()).item()
