r"""DEV: the importance-weighted risk with a control variate, which lowers its variance.

You et al., "Towards accurate model selection in deep unsupervised domain adaptation" (ICML 2019, equation 9,
https://proceedings.mlr.press/v97/you19a.html; the authors' code: https://github.com/thuml/Deep-Embedded-Validation).
The mean of the weights is known to be 1, so

.. math:: \frac1n \sum_i w_i l_i + \eta \frac1n \sum_i w_i - \eta,
    \quad \eta = - \frac{\operatorname{Cov}(w l, w)}{\operatorname{Var}(w)}
"""

from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .importance_weighted_validation import zero_one_losses
from .importance_weights import candidate_weights
from .validator import Candidate, EachAlone


def deep_embedded_risk(losses: Float[Tensor, " samples"], weights: Float[Tensor, " samples"]) -> Float[Tensor, ""]:
    """The risk with its control variate; without it where all weights are equal.

    It is no mean: a few heavy rows can take it below 0 and above the largest loss.

    Example:
        >>> import torch
        >>> deep_embedded_risk(torch.tensor([0.0, 1.0, 1.0]), torch.tensor([2.0, 0.5, 0.5]))
        tensor(0.3333)
    """
    weighted, spread = weights * losses, weights - weights.mean()
    variance = spread.square().mean()
    if not variance > 0:
        return weighted.mean()
    eta = -((weighted - weighted.mean()) * spread).mean() / variance
    return weighted.mean() + eta * weights.mean() - eta


class DeepEmbeddedValidation(EachAlone):
    """1 less `deep_embedded_risk` of the joint prediction's errors: an estimate of accuracy on the target.

    Weights are of the candidate's own joint features.

    Example:
        >>> DeepEmbeddedValidation().comparable
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
        return 1 - deep_embedded_risk(losses, candidate_weights(candidate)).item()
