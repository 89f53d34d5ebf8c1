r"""Corr-C: how far the correlation of classes in predictions is from that of sure and even ones.

Tu et al., "Assessing model out-of-distribution generalization with softmax prediction probability baselines and a
correlation method" (2023), as the studies of Hu et al. choose by it ("the least is best",
https://github.com/LHXXHB/MixVal): with predictions P, :math:`G = P^T P`,

.. math:: \operatorname{tr}(G) / \|G\|_F
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .validator import Candidate, EachAlone


def class_correlation(probabilities: Float[Tensor, "samples classes"]) -> Float[Tensor, ""]:
    """From 1, where all predictions are the same, to sqrt(C), where sure ones use all classes evenly.

    Example:
        >>> class_correlation(torch.eye(4)), class_correlation(torch.tensor([[1.0, 0.0], [1.0, 0.0]]))
        (tensor(2.), tensor(1.))
    """
    gram = probabilities.T @ probabilities
    norm: Tensor = torch.linalg.matrix_norm(gram)
    return gram.trace() / norm


class ClassCorrelation(EachAlone):
    """Minus `class_correlation` of the joint predictions on the target, as the studies of Hu et al. choose by it.

    It prefers a collapse to sure and even predictions; docs/selection.md says what came of that.

    Example:
        >>> ClassCorrelation().comparable
        False
    """

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return -class_correlation(candidate.target_probabilities(task.name)).item()
