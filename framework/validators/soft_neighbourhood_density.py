"""Soft neighbourhood density: how many close neighbours a prediction on the target has.

Saito et al., "Tune it the right way: unsupervised validation of domain adaptation via soft neighborhood density" (ICCV
2021, https://arxiv.org/abs/2108.10860); the authors' code: https://github.com/VisionLearningGroup/SND.
"""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from ..layout import Task
from .entropy import entropy
from .validator import Candidate, EachAlone

NEIGHBOURS: Final = 2000
"""So many samples at most are compared, spread evenly: the cost is quadratic."""


def soft_neighbourhood_density(logits: Float[Tensor, "samples classes"], temperature: float = 0.05) -> float:
    """How many close neighbours a prediction has: mean entropy of its similarities to others.

    It is highest, log(N - 1), where all predictions are the same: it does not see a collapse on the target, which the
    source score beside it may not see either.

    Example:
        >>> round(soft_neighbourhood_density(torch.zeros(3, 2)), 4)
        0.6931
    """
    if len(logits) < 2:
        return 0.0
    chosen = torch.linspace(0, len(logits) - 1, min(len(logits), NEIGHBOURS)).round().long()
    probabilities = torch.nn.functional.normalize(logits[chosen].double().softmax(dim=1), dim=1)
    similarities = (probabilities @ probabilities.T / temperature).fill_diagonal_(-torch.inf)
    return entropy(similarities.softmax(dim=1)).mean().item()


class SoftNeighbourhoodDensity(EachAlone):
    """`soft_neighbourhood_density` of the joint logits on the target.

    Its values cannot be compared between runs: it falls as predictions grow surer, as those of an adapted model do.

    Args:
        temperature: that similarities are divided by.

    Raises:
        ValueError: if `temperature` is not positive.

    Example:
        >>> SoftNeighbourhoodDensity(temperature=0.1).comparable
        False
    """

    def __init__(self, temperature: float = 0.05) -> None:
        if not temperature > 0:
            raise ValueError(f"temperature must be positive, but got {temperature}.")
        self.temperature = temperature

    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model."""
        return soft_neighbourhood_density(candidate.target_logits(task.name), self.temperature)
