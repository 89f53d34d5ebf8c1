"""Says of each candidate how often it is probably right: by what all of them say together."""

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.dawid_skene import dawid_skene
from ..consensus.ensemble import mean_probabilities
from ..consensus.opinion import Opinion, Votes, cast_votes, joint_probabilities, list_raters
from ..estimation.consensus import Consensus, find_consensus
from ..estimation.estimate import Estimate, Gain
from ..estimation.panel import Panel
from ..estimation.resamples import Resamples
from ..evaluation.group_bootstrap import count_groups, draw_group_counts
from ..evaluation.intervals import Confidence
from ..layout import JOINT, Task
from .statement import Statement


@attrs.frozen
class Verdict:
    """What is thought of a candidate.

    Args:
        estimate: of the accuracy of its joint prediction on the target.
        gain: over the first candidate.
        score: what candidates are compared by: the accuracy that the consensus of joint heads claims for it.
        gains: over the first candidate by other ways to ask all candidates: the consensus of joint heads, and the mean
            of their probabilities (EnsV).
        modalities: accuracy of each modality's own head; without those that no row has.
        agreement: how often it gives the class that the mean of all probabilities gives.
    """

    estimate: Estimate
    gain: Gain
    score: float
    gains: tuple[float, float]
    modalities: Mapping[str, float]
    agreement: float


@attrs.frozen(eq=False)
class Judgement:
    """What the consensus says of a task.

    Args:
        task: its name.
        verdicts: by candidate, in the order that was given; the first is the one that gains are over.
        consensus: of the joint heads.
        panel: of the modalities' heads, for estimates.
        role_model: `(N,)`, the class that the mean of all probabilities gives.
    """

    task: str
    verdicts: Mapping[str, Verdict]
    consensus: Consensus
    panel: Panel
    role_model: Votes

    @property
    def posterior(self) -> NDArray[np.float64]:
        """`(N, C)`, how likely each class is of each row of the target."""
        return self.consensus.posterior

    def hear(self, predictions: Votes, others: Votes, rows: NDArray[np.int64]) -> Verdict:
        """What is thought of predictions, and what they gain over others.

        Args:
            predictions: `(N',)`.
            others: `(N',)`.
            rows: `(N',)`, positions of the predicted rows.
        """
        score, before = (self.consensus.accuracy(each, rows) for each in (predictions, others))
        agreement, other = (float((each == self.role_model[rows]).mean()) for each in (predictions, others))
        return Verdict(
            self.panel.estimate(predictions, rows),
            self.panel.gain(predictions, others, rows),
            score,
            (score - before, agreement - other),
            {},
            agreement,
        )


def rank(statements: Mapping[str, Statement], task: Task) -> dict[str, float]:
    """How often each candidate is right by the consensus of all joint heads: to compare candidates by.

    Joint heads chose best, and modalities' heads estimate better: a joint head errs with the modalities that it is made
    of, so that those of one consensus share errors, and claim too much of all of them.

    Args:
        statements: by candidate.
        task: with classes.

    Raises:
        ValueError: if there are no statements, or they are not of the same rows.
    """
    consensus, predictions = _ask_joint_heads(list(statements.values()), task)
    return {name: consensus.accuracy(each) for name, each in zip(statements, predictions, strict=True)}


def judge(
    statements: Mapping[str, Statement],
    task: Task,
    groups: Sequence[str | None] = (),
    confidence: Confidence | None = None,
) -> Judgement:
    """Judge candidates by their consensus, whose claims are held against what they are worth on the source.

    Args:
        statements: by candidate; the first is the one that gains are over.
        task: with classes.
        groups: `(N,)`, of the target's rows: those of one group, such as a speaker, are drawn together.
        confidence: of the intervals, which hold what drawing rows again moves, and what leaving out a candidate does.

    Raises:
        ValueError: if there are no statements, or they are not of the same rows.
    """
    stated = list(statements.values())
    target, source = [found.target for found in stated], [found.source for found in stated]
    labels = stated[0].labels[task.name]
    consensus, predictions = _ask_joint_heads(stated, task)
    rows = np.arange(predictions.shape[1])
    resamples = _draw(groups or [None] * len(rows), len(labels), confidence or Confidence())
    panel = Panel.ask(target, source, labels, task, resamples)
    role_model = mean_probabilities(joint_probabilities(target, task.name)).argmax(axis=1)
    judgement = Judgement(task.name, {}, consensus, panel, role_model)
    modalities = _judge_modalities(target, task, panel.consensus.correction)
    verdicts = {
        name: attrs.evolve(judgement.hear(said, predictions[0], rows), modalities=heads)
        for name, said, heads in zip(statements, predictions, modalities, strict=True)
    }
    return attrs.evolve(judgement, verdicts=verdicts)


def _ask_joint_heads(stated: Sequence[Statement], task: Task) -> tuple[Consensus, Votes]:
    """Their consensus, and what each of them says of the target, `(K, N)`."""
    target, source = [found.target for found in stated], [found.source for found in stated]
    consensus = find_consensus(target, source, stated[0].labels[task.name], task, "joint")
    return consensus, cast_votes(target, task.name, "joint")


def _draw(groups: Sequence[str | None], source_rows: int, confidence: Confidence) -> Resamples:
    generator = confidence.generator()
    target = draw_group_counts(groups, confidence, generator)
    source = draw_group_counts([None] * source_rows, confidence, generator)
    noise = generator.standard_normal(confidence.resamples)
    return Resamples(source, target, noise, confidence.level, len(groups), count_groups(groups))


def _judge_modalities(opinions: Sequence[Opinion], task: Task, correction: float) -> list[dict[str, float]]:
    """How often each modality's head is right, by candidate: all heads are raters here, as who is none is doubted."""
    start = mean_probabilities(joint_probabilities(opinions, task.name))
    found = dawid_skene(cast_votes(opinions, task.name, "both"), task.outputs, start=start)
    by_candidate: list[dict[str, float]] = [{} for _ in opinions]
    for rater, accuracy in zip(list_raters(opinions, "both"), found.accuracies.tolist(), strict=True):
        if rater.head != JOINT and np.isfinite(accuracy):
            by_candidate[rater.model][rater.head] = accuracy * correction
    return by_candidate
