r"""MCC: how far predictions confuse classes with each other.

Jin et al., "Minimum class confusion for versatile domain adaptation" (ECCV 2020, https://arxiv.org/abs/1912.03699).
With the softmax :math:`\hat Y` of logits over a temperature (equation 1), rows are weighted by how sure they are
(equations 3 and 4), and the confusion of classes j and k, :math:`\hat y_j^T W \hat y_k` (equation 5), is normalised
over k (equation 6); the loss is what is left off the diagonal, mean over the classes (equation 7).
"""

import torch
from jaxtyping import Float
from torch import Tensor

from ..arguments import check_positive
from ..layout import Task
from .entropy import entropy
from .validator import Candidate, EachAlone


def class_confusion(logits: Float[Tensor, "samples classes"], temperature: float = 2.5) -> Float[Tensor, ""]:
    """From 0, where each row is sure of a class and all classes occur, towards 1 - 1 / C. Differentiable.

    Example:
        >>> class_confusion(torch.tensor([[100.0, 0.0], [0.0, 100.0]])), class_confusion(torch.zeros(2, 2))
        (tensor(0.), tensor(0.5000))
    """
    probabilities = (logits / temperature).softmax(dim=1)
    sureness = 1 + (-entropy(probabilities)).exp()
    weights = len(logits) * sureness / sureness.sum()
    confusion = probabilities.T @ (weights.unsqueeze(1) * probabilities)
    # A class that no row names may have the sum 0 in rounding.
    shares = confusion / confusion.sum(dim=1, keepdim=True).clamp(min=torch.finfo(logits.dtype).tiny)
    return (shares.sum() - shares.trace()) / logits.shape[1]


class ClassConfusion(EachAlone):
    """Minus `class_confusion` of the joint logits on the target: models that tell classes apart score high, up to 0.

    Args:
        temperature: that logits are divided by.

    Raises:
        ValueError: if `temperature` is not positive.

    Example:
        >>> ClassConfusion(temperature=1.0).comparable
        False
    """

    def __init__(self, temperature: float = 2.5) -> None:
        check_positive(temperature=temperature)
        self.temperature = temperature

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return -class_confusion(candidate.target_logits(task.name).double(), self.temperature).item()
