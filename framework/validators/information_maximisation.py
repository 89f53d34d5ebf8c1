"""Information maximisation: sure and even predictions on the target.

Shi and Sha, "Information-theoretical learning of discriminative clusters for unsupervised domain adaptation" (ICML
2012, https://arxiv.org/abs/1206.6438); as a loss, Liang et al. (ICML 2020, https://arxiv.org/abs/2002.08546).
"""

from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .entropy import entropy
from .validator import Candidate, EachAlone


def information_maximisation(logits: Float[Tensor, "samples classes"]) -> float:
    """Entropy of the mean prediction minus the mean entropy: sure and even predictions score high, up to log C.

    A run that minimises L_IM maximises just this: it then says how well the run was trained, not how well it adapted.
    Sure and even predictions that are all wrong score highest.

    Example:
        >>> import torch
        >>> sure_and_even = torch.tensor([[100.0, 0.0], [0.0, 100.0]])
        >>> round(information_maximisation(sure_and_even), 4)
        0.6931
    """
    probabilities = logits.double().softmax(dim=1)
    return (entropy(probabilities.mean(dim=0)) - entropy(probabilities).mean()).item()


class InformationMaximisation(EachAlone):
    """`information_maximisation` of the joint logits on the target.

    Example:
        >>> InformationMaximisation().comparable
        True
    """

    comparable = True

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return information_maximisation(candidate.target_logits(task.name))
