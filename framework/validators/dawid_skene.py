"""Dawid and Skene's consensus as a score; `consensus.dawid_skene` has the equations.

Dawid and Skene, "Maximum likelihood estimation of observer error-rates using the EM algorithm" (1979,
https://doi.org/10.2307/2346806). Raters are heads: the joint ones of several candidates, those of their modalities,
which are several views even of one candidate, or both.
"""

from collections.abc import Sequence

from ..consensus.dawid_skene import dawid_skene
from ..consensus.ensemble import mean_probabilities
from ..consensus.opinion import Heads, Opinion, Probabilities, cast_votes, joint_probabilities
from ..consensus.votes import expected_accuracy
from ..layout import JOINT, Task
from .opinions import labels_of, source_opinions, target_opinions
from .validator import Candidate, Validator


def consensus_posterior(opinions: Sequence[Opinion], task: Task, heads: Heads) -> Probabilities:
    """How likely each class is of each row, `(N, C)`, by EM from the mean of the joint predictions.

    Args:
        opinions: of the same rows.
        task: with classes.
        heads: which heads are raters.
    """
    start = mean_probabilities(joint_probabilities(opinions, task.name))
    return dawid_skene(cast_votes(opinions, task.name, heads), task.outputs, start=start).posterior


class DawidSkene(Validator):
    """How often a candidate's joint prediction is right, if the consensus is.

    Args:
        heads: that are raters: "joint", "modalities" or "both". Heads of modalities need no second candidate.
        corrected: whether scores are multiplied by what such claims are worth on the source: the consensus' accuracy
            there over what it claims, at most 1. The order of candidates stays.

    Example:
        >>> DawidSkene().least_candidates, DawidSkene("modalities").least_candidates
        (2, 1)
    """

    comparable = True
    estimates_accuracy = True
    least_candidates = 2

    def __init__(self, heads: Heads = "joint", *, corrected: bool = False) -> None:
        self.heads: Heads = heads
        self.corrected = corrected
        self.least_candidates = 2 if heads == "joint" else 1

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of all together.

        Raises:
            ValueError: if it is corrected, and the source has no labels.
        """
        opinions = target_opinions(candidates)
        posterior = consensus_posterior(opinions, task, self.heads)
        worth = self._worth(candidates, task) if self.corrected else 1.0
        return [
            worth * expected_accuracy(posterior, opinion.logits[task.name][JOINT].argmax(axis=1))
            for opinion in opinions
        ]

    def _worth(self, candidates: Sequence[Candidate], task: Task) -> float:
        posterior = consensus_posterior(source_opinions(candidates), task, self.heads)
        right = (posterior.argmax(axis=1) == labels_of(candidates, task.name)).mean()
        return min(1.0, float(right / posterior.max(axis=1).mean()))
