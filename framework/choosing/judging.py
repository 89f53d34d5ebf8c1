"""Says of each candidate how often it is probably right: by what all of them say together."""

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.dawid_skene import dawid_skene
from ..consensus.ensemble import mean_probabilities
from ..consensus.opinion import Opinion, cast_votes, joint_probabilities, list_raters
from ..evaluation.intervals import Confidence, Interval, percentile_interval
from ..layout import JOINT, Task
from .resampling import draw_weights
from .role_model import RoleModel, make_role_models
from .statement import Statement


@attrs.frozen
class Estimate:
    """How good a candidate probably is, by the consensus.

    Args:
        accuracy: of the joint prediction on the target, by the first role model.
        interval: of it: from the lowest to the highest that a bootstrap finds by any of the role models.
        gain: over source-only, by the first role model.
        gain_interval: of that, by the first role model's bootstrap.
        gains: over source-only, by each role model.
        modalities: accuracy of each modality's own head; without those that no row has.
        agreement: how often it gives the class that the mean of all candidates gives (EnsV).
    """

    accuracy: float
    interval: Interval
    gain: float
    gain_interval: Interval
    gains: tuple[float, ...]
    modalities: Mapping[str, float]
    agreement: float


@attrs.frozen(eq=False)
class Judgement:
    """What the consensus says of a task.

    Args:
        task: its name.
        estimates: by candidate, in the order that was given; the first is the one that gains are over.
        role_models: the first is what candidates are chosen by.
    """

    task: str
    estimates: Mapping[str, Estimate]
    role_models: tuple[RoleModel, ...]

    @property
    def posterior(self) -> NDArray[np.float64]:
        """`(N, C)`, how likely each class is of each row of the target, by the first role model."""
        return self.role_models[0].posterior


def judge(
    statements: Mapping[str, Statement],
    task: Task,
    groups: Sequence[str | None] = (),
    confidence: Confidence | None = None,
) -> Judgement:
    """Judge candidates by their consensus.

    Candidates are compared, and their accuracy is estimated, by the first of `make_role_models`; how far the others are
    from it says how far it is to be trusted, and widens the intervals.

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
    target, source = [found.target for found in stated], [found.source for found in stated]
    models = make_role_models(target, source, stated[0].labels[task.name], task)
    predictions = cast_votes(target, task.name, "joint")
    weights = draw_weights(groups, predictions.shape[1], confidence)
    rights = [model.right(predictions) for model in models]
    drawn = [weights @ right for right in rights]
    modalities = _judge_modalities(target, task, models[0].correction)
    estimates = {
        name: Estimate(
            float(rights[0][:, position].mean()),
            _span([means[:, position] for means in drawn], confidence.level),
            float((rights[0][:, position] - rights[0][:, 0]).mean()),
            percentile_interval(drawn[0][:, position] - drawn[0][:, 0], confidence.level),
            tuple(float((right[:, position] - right[:, 0]).mean()) for right in rights),
            modalities[position],
            float((models[-1].posterior.argmax(axis=1) == predictions[position]).mean()),
        )
        for position, name in enumerate(statements)
    }
    return Judgement(task.name, estimates, models)


def _span(values: Sequence[NDArray[np.float64]], level: float) -> Interval:
    """From the lowest to the highest end of several intervals."""
    found = [percentile_interval(each, level) for each in values]
    return Interval(min(each.low for each in found), max(each.high for each in found))


def _judge_modalities(opinions: Sequence[Opinion], task: Task, correction: float) -> list[dict[str, float]]:
    """How often each modality's head is right, by candidate: all heads are raters here, as who is none is doubted."""
    start = mean_probabilities(joint_probabilities(opinions, task.name))
    found = dawid_skene(cast_votes(opinions, task.name, "both"), task.outputs, start=start)
    by_candidate: list[dict[str, float]] = [{} for _ in opinions]
    for rater, accuracy in zip(list_raters(opinions, "both"), found.accuracies.tolist(), strict=True):
        if rater.head != JOINT and np.isfinite(accuracy):
            by_candidate[rater.model][rater.head] = accuracy * correction
    return by_candidate
