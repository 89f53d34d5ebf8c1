"""Agreement of modalities: our own score, of Cohen's kappa.

Cohen, "A coefficient of agreement for nominal scales" (1960, https://doi.org/10.1177/001316446002000104).
"""

from jaxtyping import Bool, Int64
from torch import Tensor

from ..batch import Side
from ..layout import Task
from .validator import Candidate, EachAlone


def modality_agreement(side: Side, task: str) -> float:
    """How far each modality by itself says what all say together, beyond chance: the mean of `class_agreement`.

    Each modality is compared with the joint prediction, on the samples that have it.
    """
    joint = side.outputs.joint_logits(task).argmax(dim=1)
    found = []
    for modality in side.batch.modalities:
        rows = side.batch.has(modality)
        if bool(rows.any()):
            logits = side.outputs.logits[task][modality][rows]
            found.append(class_agreement(logits.argmax(dim=1), joint[rows], logits.shape[1]))
    return sum(found) / len(found) if found else 0.0


def class_agreement(first: Int64[Tensor, " samples"], second: Int64[Tensor, " samples"], classes: int) -> float:
    """Cohen's kappa of each class against all others, mean over all classes.

    1 where two labellings agree and use every class, about 0 where they agree by chance, and at most k / C where they
    use k of C classes only. So a collapse is 0, and near 0 with a few stragglers, to which plain kappa would give 1.

    Example:
        >>> import torch
        >>> class_agreement(torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 2, 2]), classes=3)
        1.0
        >>> class_agreement(torch.tensor([0, 0, 0, 0]), torch.tensor([0, 0, 0, 0]), classes=3)
        0.0
    """
    return sum(cohen_kappa(first == index, second == index) for index in range(classes)) / classes


def cohen_kappa(first: Bool[Tensor, " samples"], second: Bool[Tensor, " samples"]) -> float:
    """Agreement of two yes-or-no labellings beyond chance; 0 where chance already explains all.

    Example:
        >>> import torch
        >>> cohen_kappa(torch.tensor([True, True, False, False]), torch.tensor([True, True, False, True]))
        0.5
    """
    observed = (first == second).double().mean().item()
    yes, also_yes = first.double().mean().item(), second.double().mean().item()
    expected = yes * also_yes + (1 - yes) * (1 - also_yes)
    return 0.0 if expected == 1.0 else (observed - expected) / (1.0 - expected)


class ModalityAgreement(EachAlone):
    """`modality_agreement` of the heads with the joint prediction, on the target.

    Example:
        >>> ModalityAgreement().comparable
        True
    """

    comparable = True

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return modality_agreement(candidate.both[1], task.name)
