"""Says of each candidate how often it is probably right, and which one to take: by what all of them say together."""

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.dawid_skene import DawidSkene, dawid_skene
from ..consensus.ensemble import mean_probabilities
from ..consensus.opinion import Opinion, cast_votes, joint_probabilities, list_raters
from ..evaluation.intervals import Confidence, Interval, percentile_interval
from ..layout import JOINT, Task
from .resampling import draw_weights
from .statement import Statement


@attrs.frozen
class Estimate:
    """How good a candidate probably is, by the consensus.

    Args:
        accuracy: of the joint prediction on the target.
        interval: of it.
        gain: over source-only.
        gain_interval: of that.
        modalities: accuracy of each modality's own head; without those that no row has.
        agreement: how often it gives the class that most others give, by the mean of all probabilities (EnsV).
    """

    accuracy: float
    interval: Interval
    gain: float
    gain_interval: Interval
    modalities: Mapping[str, float]
    agreement: float


@attrs.frozen(eq=False)
class Judgement:
    """What the consensus says of a task.

    Args:
        task: its name.
        estimates: by candidate, in the order that was given; the first is the one that gains are over.
        posterior: `(N, C)`, how likely each class is of each row of the target.
        claim: how sure the same consensus is on the source's validation rows, mean over rows.
        worth: how often it is right there.
    """

    task: str
    estimates: Mapping[str, Estimate]
    posterior: NDArray[np.float64]
    claim: float
    worth: float

    @property
    def correction(self) -> float:
        """What claims are multiplied by: candidates may share errors, and labels of the source tell how far."""
        return min(1.0, self.worth / self.claim)


def judge(
    statements: Mapping[str, Statement],
    task: Task,
    groups: Sequence[str | None] = (),
    confidence: Confidence | None = None,
) -> Judgement:
    """Judge candidates by their consensus.

    The joint predictions of all are the raters of a model of Dawid and Skene, begun from the mean of their
    probabilities. Its claims are held against the source's validation rows, of which labels are known.

    Args:
        statements: by candidate; the first is the one that gains are over.
        task: with classes.
        groups: `(N,)`, of the target's rows: those of one group, such as a speaker, are drawn together.
        confidence: of the intervals.

    Raises:
        ValueError: if there are no statements, or they are not of the same rows.
    """
    confidence = confidence or Confidence()
    stated = list(statements.values())
    target, found = _agree([statement.target for statement in stated], task)
    _, known = _agree([statement.source for statement in stated], task)
    labels = stated[0].labels[task.name]
    claim = float(known.posterior.max(axis=1).mean())
    worth = float((known.posterior.argmax(axis=1) == labels).mean())
    judgement = Judgement(task.name, {}, found.posterior, claim, worth)
    weights = draw_weights(groups, len(found.posterior), confidence)
    right = np.take_along_axis(found.posterior, target.T, axis=1) * judgement.correction
    means = weights @ right
    agreements = _agreements([statement.target for statement in stated], task)
    modalities = _judge_modalities([statement.target for statement in stated], task)
    estimates = {}
    for position, name in enumerate(statements):
        gains = means[:, position] - means[:, 0]
        estimates[name] = Estimate(
            float(right[:, position].mean()),
            percentile_interval(means[:, position], confidence.level),
            float((right[:, position] - right[:, 0]).mean()),
            percentile_interval(gains, confidence.level),
            {head: accuracy * judgement.correction for head, accuracy in modalities[position].items()},
            agreements[position],
        )
    return attrs.evolve(judgement, estimates=estimates)


def _agree(opinions: Sequence[Opinion], task: Task) -> tuple[NDArray[np.int64], DawidSkene]:
    """Joint votes `(K, N)`, and their consensus."""
    votes = cast_votes(opinions, task.name, "joint")
    start = mean_probabilities(joint_probabilities(opinions, task.name))
    return votes, dawid_skene(votes, task.outputs, start=start)


def _agreements(opinions: Sequence[Opinion], task: Task) -> list[float]:
    probabilities = joint_probabilities(opinions, task.name)
    role_model = mean_probabilities(probabilities).argmax(axis=1)
    shares: list[float] = (probabilities.argmax(axis=2) == role_model).mean(axis=1).tolist()
    return shares


def _judge_modalities(opinions: Sequence[Opinion], task: Task) -> list[dict[str, float]]:
    """How often each modality's head is right, by candidate: all heads are raters here, as who is none is doubted."""
    start = mean_probabilities(joint_probabilities(opinions, task.name))
    found = dawid_skene(cast_votes(opinions, task.name, "both"), task.outputs, start=start)
    by_candidate: list[dict[str, float]] = [{} for _ in opinions]
    for rater, accuracy in zip(list_raters(opinions, "both"), found.accuracies.tolist(), strict=True):
        if rater.head != JOINT and np.isfinite(accuracy):
            by_candidate[rater.model][rater.head] = accuracy
    return by_candidate
