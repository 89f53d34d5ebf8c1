"""Diversity: how evenly a model uses the classes on the target.

The half of information maximisation that a collapse lowers; Liang et al., "Do we really need to access the source data?
Source hypothesis transfer for unsupervised domain adaptation" (ICML 2020, equation 4,
https://arxiv.org/abs/2002.08546).
"""

from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .entropy import entropy
from .validator import Candidate, EachAlone


def diversity(probabilities: Float[Tensor, "samples classes"]) -> Float[Tensor, ""]:
    """Entropy of the mean prediction, in nats: from 0, where all are one class, to log C.

    Example:
        >>> import torch
        >>> diversity(torch.tensor([[1.0, 0.0], [0.0, 1.0]])), diversity(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
        (tensor(0.6931), tensor(0.))
    """
    return entropy(probabilities.mean(dim=0))


class Diversity(EachAlone):
    """`diversity` of the joint predictions on the target.

    Even predictions score high, right or wrong, and those that say nothing of any row highest.

    Example:
        >>> Diversity().comparable
        False
    """

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return diversity(candidate.target_probabilities(task.name)).item()
