"""Choosing a checkpoint without target labels: scores of a whole split, higher is better, and the rule that picks."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..batch import Side
from ..layout import Task
from ..recipes.recipe import Selection

if TYPE_CHECKING:
    from .monitor import Record

NEIGHBOURS: Final = 2000
"""Soft neighbourhood density compares so many samples at most, spread evenly: its cost is quadratic."""


def information_maximisation(logits: Float[Tensor, "samples classes"]) -> float:
    """Entropy of the mean prediction minus the mean entropy: sure and even predictions score high, up to log C.

    A run that minimises L_IM maximises just this: it then says how well the run was trained, not how well it adapted.
    Sure and even predictions that are all wrong score highest.

    Example:
        >>> sure_and_even = torch.tensor([[100.0, 0.0], [0.0, 100.0]])
        >>> round(information_maximisation(sure_and_even), 4)
        0.6931
    """
    probabilities = logits.double().softmax(dim=1)
    return (_entropy(probabilities.mean(dim=0)) - _entropy(probabilities).mean()).item()


def soft_neighbourhood_density(logits: Float[Tensor, "samples classes"], temperature: float = 0.05) -> float:
    """How many close neighbours a prediction has: mean entropy of its similarities to others (Saito et al., ICCV 2021).

    It is highest, log(N - 1), where all predictions are the same: it does not see a collapse on the target, which
    source accuracy beside it may not see either.

    Example:
        >>> round(soft_neighbourhood_density(torch.zeros(3, 2)), 4)
        0.6931
    """
    if len(logits) < 2:
        return 0.0
    chosen = torch.linspace(0, len(logits) - 1, min(len(logits), NEIGHBOURS)).round().long()
    probabilities = torch.nn.functional.normalize(logits[chosen].double().softmax(dim=1), dim=1)
    similarities = (probabilities @ probabilities.T / temperature).fill_diagonal_(-torch.inf)
    return _entropy(similarities.softmax(dim=1)).mean().item()


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
    return _mean(found) if found else 0.0


def class_agreement(first: Int64[Tensor, " samples"], second: Int64[Tensor, " samples"], classes: int) -> float:
    """Cohen's kappa of each class against all others, mean over all classes.

    1 where two labellings agree and use every class, about 0 where they agree by chance, and at most k / C where they
    use k of C classes only. So a collapse is 0, and near 0 with a few stragglers, to which plain kappa would give 1.

    Example:
        >>> class_agreement(torch.tensor([0, 1, 2, 2]), torch.tensor([0, 1, 2, 2]), classes=3)
        1.0
        >>> class_agreement(torch.tensor([0, 0, 0, 0]), torch.tensor([0, 0, 0, 0]), classes=3)
        0.0
    """
    return _mean([cohen_kappa(first == index, second == index) for index in range(classes)])


def cohen_kappa(first: Bool[Tensor, " samples"], second: Bool[Tensor, " samples"]) -> float:
    """Agreement of two yes-or-no labellings beyond chance; 0 where chance already explains all.

    Example:
        >>> cohen_kappa(torch.tensor([True, True, False, False]), torch.tensor([True, True, False, True]))
        0.5
    """
    observed = (first == second).double().mean().item()
    yes, also_yes = first.double().mean().item(), second.double().mean().item()
    expected = yes * also_yes + (1 - yes) * (1 - also_yes)
    return 0.0 if expected == 1.0 else (observed - expected) / (1.0 - expected)


SCORES: Final[Mapping[str, Callable[[Side, str], float]]] = MappingProxyType(
    {
        "information_maximisation": lambda side, task: information_maximisation(side.outputs.joint_logits(task)),
        "modality_agreement": modality_agreement,
        "soft_neighbourhood_density": lambda side, task: soft_neighbourhood_density(side.outputs.joint_logits(task)),
    }
)
"""Target-side scores by name: a whole target split and a task's name -> a number."""

COMPARABLE: Final = frozenset({"information_maximisation", "modality_agreement"})
"""Scores whose fall below source-only's speaks of negative transfer.

Soft neighbourhood density is not among them: it falls as predictions grow surer, as those of an adapted model do.
"""


def source_accuracy(side: Side, tasks: Sequence[Task]) -> float:
    """Accuracy of the joint logits on a labelled side, mean over tasks; of a regression, minus the mean absolute error.

    Raises:
        ValueError: if the side has no labels.
    """
    labels = side.batch.labels
    if labels is None:
        raise ValueError("side must be labelled, but has no labels.")
    return _mean([_score(side.outputs.joint_logits(task.name), labels[task.name], task) for task in tasks])


def target_scores(side: Side, tasks: Sequence[Task]) -> dict[str, float]:
    """All target-side scores, each the mean over classification tasks; none where there is no such task."""
    names = [task.name for task in tasks if not task.is_regression]
    return {score: _mean([function(side, name) for name in names]) for score, function in SCORES.items() if names}


def newest_is_best(history: Sequence["Record"], kept: int, selection: Selection) -> bool:
    """Whether the newest checkpoint should replace the one that is kept.

    It should if its source accuracy is within the tolerance of the best so far, and either the kept one's is not or its
    target-side score is higher. Without a target, or where the score is `source_accuracy`, it should if its source
    accuracy is higher.

    Args:
        history: records of all checkpoints so far.
        kept: position of the one that is kept.
        selection: the rule's numbers.
    """
    newest, old = history[-1], history[kept]
    if len(history) == 1:
        return True
    if selection.score == "source_accuracy" or not newest.target:
        return newest.source_accuracy > old.source_accuracy
    floor = max(record.source_accuracy for record in history) - selection.tolerance
    if newest.source_accuracy < floor:
        return False
    return old.source_accuracy < floor or newest.target[selection.score] > old.target[selection.score]


def check_score(name: str) -> None:
    """Refuse a score that does not exist.

    Raises:
        ValueError: if there is none of that name.
    """
    if name not in {"source_accuracy", *SCORES}:
        raise ValueError(f"selection.score must be one of {', '.join(['source_accuracy', *SCORES])}, but got {name!r}.")


def _entropy(probabilities: Float[Tensor, "... classes"]) -> Float[Tensor, "..."]:
    entropy: Tensor = torch.special.entr(probabilities).sum(dim=-1)
    return entropy


def _score(logits: Float[Tensor, "samples outputs"], labels: Tensor, task: Task) -> float:
    if task.is_regression:
        return -(logits.squeeze(1) - labels).abs().mean().item()
    return (logits.argmax(dim=1) == labels).double().mean().item()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
