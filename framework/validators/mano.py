r"""MaNo: the norm of normalised logits, an estimate of accuracy up to a monotonous function.

Xie et al., "MaNo: exploiting matrix norm for unsupervised accuracy estimation under distribution shifts" (NeurIPS 2024,
https://arxiv.org/abs/2405.18979). Logits q become shares :math:`v(q) / \|v(q)\|_1`, by the softmax's
:math:`v = \exp` where the model is sure enough on the whole, and elsewhere by its Taylor polynomial
:math:`v(q) = 1 + q + q^2 / 2`, which accumulates less of a poorly calibrated model's error. The score is

.. math:: \Bigl(\frac{1}{N C} \sum_{n, c} Q_{nc}^p\Bigr)^{1/p}
"""

from typing import Final

from jaxtyping import Float
from torch import Tensor

from ..arguments import check_positive
from ..layout import Task
from .validator import Candidate, EachAlone

SURE: Final = 5.0
"""Of `uniform_cross_entropy`: from here on the softmax is used (the paper's eta)."""


def uniform_cross_entropy(logits: Float[Tensor, "samples classes"]) -> Float[Tensor, ""]:
    """Mean cross-entropy of predictions with the uniform distribution, at least log C: high where they are sure."""
    return -logits.log_softmax(dim=1).mean()


def softrun(logits: Float[Tensor, "samples classes"]) -> Float[Tensor, "samples classes"]:
    """The paper's normalisation: the softmax of sure predictions, the polynomial of others.

    Example:
        >>> import torch
        >>> softrun(torch.tensor([[0.0, 1.0]]))
        tensor([[0.2857, 0.7143]])
    """
    if uniform_cross_entropy(logits) > SURE:
        return logits.softmax(dim=1)
    # At least 1/2 whatever the logit, so that no sum is 0.
    values = 1 + logits + logits.square() / 2
    return values / values.sum(dim=1, keepdim=True)


def mano(logits: Float[Tensor, "samples classes"], power: float = 4.0) -> Float[Tensor, ""]:
    """From 1 / C, where nothing is told apart, to C^(-1/p), where each row is sure.

    Example:
        >>> import torch
        >>> mano(torch.zeros(2, 4)), mano(100 * torch.eye(4)).round(decimals=4)
        (tensor(0.2500), tensor(0.7071))
    """
    return softrun(logits).pow(power).mean().pow(1 / power)


class MaNo(EachAlone):
    """`mano` of the joint logits on the target.

    Its scale depends on the number of classes and on how large a model's logits are.

    Args:
        power: p of the norm.

    Raises:
        ValueError: if `power` is not positive.

    Example:
        >>> MaNo(power=2.0).comparable
        False
    """

    def __init__(self, power: float = 4.0) -> None:
        check_positive(power=power)
        self.power = power

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return mano(candidate.target_logits(task.name).double(), self.power).item()
