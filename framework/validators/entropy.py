"""The entropy of predictions: how unsure a model is, by itself a score and a loss.

As a loss of labelled and unlabelled data, Grandvalet and Bengio, "Semi-supervised learning by entropy minimization"
(NeurIPS 2004, https://papers.nips.cc/paper/2740-semi-supervised-learning-by-entropy-minimization); as a score of models
on a target, Morerio et al. (ICLR 2018, https://arxiv.org/abs/1711.10288).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .validator import Candidate, EachAlone


def entropy(probabilities: Float[Tensor, "... classes"]) -> Float[Tensor, "..."]:
    """Entropy along the last dimension, in nats.

    Example:
        >>> entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
        tensor([0.6931, 0.0000])
    """
    found: Tensor = torch.special.entr(probabilities).sum(dim=-1)
    return found


def mean_entropy(probabilities: Float[Tensor, "samples classes"]) -> Float[Tensor, ""]:
    """Mean of the rows' `entropy`: from 0, where each is sure, to log C. Differentiable where no probability is 0.

    Example:
        >>> mean_entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
        tensor(0.3466)
    """
    return entropy(probabilities).mean()


class Entropy(EachAlone):
    """Minus `mean_entropy` of the joint predictions on the target: sure ones score high, up to 0.

    A collapse on one class scores highest, so its values are not for comparing runs.

    Example:
        >>> Entropy().needs_target, Entropy().comparable
        (True, False)
    """

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return -mean_entropy(candidate.target_probabilities(task.name)).item()
