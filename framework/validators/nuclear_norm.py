r"""BNM: the nuclear norm of the matrix of predictions, which is high where they are sure and diverse at once.

Cui et al., "Towards discriminability and diversity: batch nuclear-norm maximization under label insufficient
situations" (CVPR 2020, equation 8, https://arxiv.org/abs/2003.12237). Of predictions A with N rows and C columns:

.. math:: \|A\|_* / \sqrt{N \min(N, C)}

is at most 1, as :math:`\|A\|_* \le \sqrt{\min(N, C)} \|A\|_F` and :math:`\|A\|_F \le \sqrt N`.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .validator import Candidate, EachAlone


def nuclear_norm(probabilities: Float[Tensor, "samples classes"]) -> Float[Tensor, ""]:
    """Sum of the singular values over its bound: 1 where sure predictions use all classes evenly.

    Differentiable where the singular values are not 0; a loss is its negative.

    Example:
        >>> nuclear_norm(torch.eye(2)), nuclear_norm(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
        (tensor(1.), tensor(0.7071))
    """
    samples, classes = probabilities.shape
    values: Tensor = torch.linalg.svdvals(probabilities)
    return values.sum() / math.sqrt(samples * min(samples, classes))


class NuclearNorm(EachAlone):
    """`nuclear_norm` of the joint predictions on the target. Recipes call it `nuclear_norm`, papers BNM.

    Example:
        >>> NuclearNorm().comparable
        True
    """

    comparable = True

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return nuclear_norm(candidate.target_probabilities(task.name)).item()
