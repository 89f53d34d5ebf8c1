"""Reverse validation: what the target's pseudo-labels teach, is it true on the source?

Zhong et al., "Cross validation framework to choose amongst models and datasets for transfer learning" (ECML PKDD 2010,
https://doi.org/10.1007/978-3-642-15939-8_35), as Ganin et al. choose by it (JMLR 2016, section 5.1.2,
https://jmlr.org/papers/v17/15-239.html). Theirs trains a whole model from the target back to the source for each
candidate; here the features stay, and a linear head alone is trained: seconds, not hours, and it cannot see a fault of
the features that both directions share.
"""

from jaxtyping import Float, Int64
from torch import Tensor

from ..layout import JOINT, Task
from .logistic_regression import fit_logistic_regression
from .validator import Candidate, EachAlone


def reverse_accuracy(
    target: Float[Tensor, "target width"],
    pseudo_labels: Int64[Tensor, " target"],
    source: Float[Tensor, "source width"],
    labels: Int64[Tensor, " source"],
    classes: int,
) -> float:
    """Accuracy on the source of a logistic regression that was fitted on the target's features and pseudo-labels.

    Example:
        >>> import torch
        >>> features, labels = torch.tensor([[0.0], [1.0], [10.0], [11.0]]), torch.tensor([0, 0, 1, 1])
        >>> [reverse_accuracy(features, told, features, labels, 2) for told in (labels, 1 - labels)]
        [1.0, 0.0]
    """
    reverse = fit_logistic_regression(target, pseudo_labels, classes)
    return (reverse.logits(source).argmax(dim=1) == labels).double().mean().item()


class ReverseValidation(EachAlone):
    """`reverse_accuracy` of the joint features, taught by the joint predictions on the target.

    Example:
        >>> ReverseValidation().comparable
        True
    """

    comparable = True

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model.

        Raises:
            ValueError: if the source has no labels.
        """
        source, target = candidate.both
        logits = candidate.target_logits(task.name)
        features = (side.outputs.features[JOINT] for side in (target, source))
        return reverse_accuracy(
            next(features), logits.argmax(dim=1), next(features), candidate.source_labels(task.name), logits.shape[1]
        )
