r"""IW: the source's accuracy, where each row counts as much as it is like the target.

Sugiyama et al., "Covariate shift adaptation by importance weighted cross validation" (JMLR 2007,
https://jmlr.org/papers/v8/sugiyama07a.html): with weights w and losses l of the source's validation rows, the risk is
:math:`\frac1n \sum_i w_i l_i` (equation 6). Here weights are divided by their sum, as skada does: the risk is then at
most that of the worst row, and at worst biased where the plain one has no bias but no bound either.
"""

from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .importance_weights import candidate_weights
from .validator import Candidate, EachAlone


def importance_weighted_mean(
    losses: Float[Tensor, " samples"], weights: Float[Tensor, " samples"]
) -> Float[Tensor, ""]:
    """Weighted mean of losses; the plain one where all weights are 0.

    Example:
        >>> import torch
        >>> importance_weighted_mean(torch.tensor([0.0, 1.0]), torch.tensor([3.0, 1.0]))
        tensor(0.2500)
    """
    total = weights.sum()
    return (weights * losses).sum() / total if total > 0 else losses.mean()


def zero_one_losses(candidate: Candidate, task: str) -> Float[Tensor, " samples"]:
    """1 where the joint prediction of a row of the source's validation is wrong, 0 where it is right.

    Raises:
        ValueError: if the source has no labels.
    """
    predicted = candidate.source.outputs.joint_logits(task).argmax(dim=1)
    return (predicted != candidate.source_labels(task)).double()


class ImportanceWeightedValidation(EachAlone):
    """Importance-weighted accuracy on the source's validation rows, an estimate of the target's under covariate shift.

    Weights are of the candidate's own joint features.

    Example:
        >>> ImportanceWeightedValidation().comparable
        True
    """

    comparable = True
    estimates_accuracy = True

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model.

        Raises:
            ValueError: if the source has no labels.
        """
        losses = zero_one_losses(candidate, task.name)
        return 1 - importance_weighted_mean(losses, candidate_weights(candidate)).item()
