"""How good a model is on the source, whose labels are known: what all other scores are held against."""

from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .validator import Candidate, EachAlone


def source_score(logits: Float[Tensor, "samples outputs"], labels: Tensor, task: Task) -> float:
    """Accuracy; of a regression, minus the mean absolute error.

    Example:
        >>> import torch
        >>> logits = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
        >>> source_score(logits, torch.tensor([0, 0]), Task("activity", ("rest", "walk")))
        0.5
        >>> source_score(torch.tensor([[2.0], [3.0]]), torch.tensor([1.0, 1.0]), Task("age"))
        -1.5
    """
    if task.is_regression:
        return -(logits.squeeze(1) - labels).abs().mean().item()
    return (logits.argmax(dim=1) == labels).double().mean().item()


class SourceScore(EachAlone):
    """`source_score` of the joint logits on the source's validation rows. Recipes call it `source_accuracy`.

    Example:
        >>> SourceScore().needs_target, SourceScore().needs_classes
        (False, False)
    """

    estimates_accuracy = True
    needs_target = False
    needs_classes = False

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model.

        Raises:
            ValueError: if its source side has no labels.
        """
        logits = candidate.source.outputs.joint_logits(task.name)
        return source_score(logits, candidate.source_labels(task.name), task)
