"""Whether adapting made a model worse on the target, told without labels, from what it and source-only say there."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np
import torch
from numpy.typing import NDArray

from ..batch import Side, unlabelled
from ..consensus.opinion import Opinion
from ..evaluation.intervals import Confidence, Interval, percentile_interval
from ..layout import JOINT, Task
from ..method import Method
from ..training.domains import Domains
from ..training.loader import Loader
from ..training.monitor import gather, survey
from ..validators.dawid_skene import consensus_posterior
from ..validators.opinions import opinion_of

COLLAPSED: Final = 1 / 3
"""Of source-only's information maximisation: a run below has lost what it told apart. Of the 22 runs that are worse
than source-only in docs/results/compare, 13 are below, and none of the 128 others; all from .3 to .4 find the same."""


@attrs.frozen
class Gain:
    """How much better than source-only a run probably is on the target; below 0, adapting did harm.

    Args:
        task: name.
        value: difference of the two accuracies, by the consensus of all heads of both models.
        interval: of it, from drawing rows of the target again; those of one group together.
    """

    task: str
    value: float
    interval: Interval

    def __str__(self) -> str:
        return f"{self.value:+.3f} ({self.interval.low:+.3f} to {self.interval.high:+.3f})"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return attrs.asdict(self)


def estimate_gain(
    run: Side,
    source_only: Side,
    task: Task,
    groups: Sequence[str | None] = (),
    *,
    others: Sequence[Side] = (),
    confidence: Confidence | None = None,
) -> Gain:
    """Estimate, by Dawid and Skene over the joint and the modalities' heads of all models, how much a run gained.

    Two joint heads alone cannot tell which of them errs; the heads of modalities are the witnesses. Where there is one
    modality, there is none, and the estimate says little.

    Args:
        run: what the model says of the target's rows.
        source_only: what source-only says of the same rows.
        task: with classes.
        groups: `(N,)`, of the rows, such as speakers; without, rows are drawn one by one.
        others: what further models say of the same rows: more witnesses.
        confidence: of the interval.
    """
    opinions = [opinion_of(side) for side in (run, source_only, *others)]
    posterior = consensus_posterior(opinions, task, "both")
    found, before = (_likely(posterior, opinion, task) for opinion in opinions[:2])
    return Gain(
        task.name, float((found - before).mean()), _interval(found - before, groups, confidence or Confidence())
    )


def compare_on_target(run: Method, source_only: Method, domains: Domains, device: torch.device) -> tuple[Gain, ...]:
    """Gains of a run over source-only, task by task.

    None for tasks without classes, where there is no target, or where a single modality leaves no witness.

    Args:
        run: with its best weights.
        source_only: the same.
        domains: whose target both look at.
        device: that both are on.
    """
    target = domains.target_in_order
    if target is None or len(run.model.modalities) == 1:
        return ()
    found, before = (gather(survey(method, unlabelled(target), "target", device)) for method in (run, source_only))
    groups = target.samples.table.field("group") if isinstance(target, Loader) else ()
    return tuple(estimate_gain(found, before, task, groups) for task in run.model.tasks if not task.is_regression)


def find_harm(gains: Sequence[Gain], scores: Mapping[str, float], reference: Mapping[str, float]) -> tuple[str, ...]:
    """Why a run may be worse than source-only, in words; nothing where no sign of it was found.

    Args:
        gains: estimated, by task; none where there was nothing to estimate them by.
        scores: of the run without labels, by name.
        reference: the same of source-only.
    """
    name = "information_maximisation"
    found = [
        f"all heads together say that it gives {-gain.value:.3f} less accuracy than source-only on "
        f"{gain.task} (gain {gain})"
        for gain in gains
        if gain.value < 0
    ]
    if name in scores and name in reference and scores[name] < COLLAPSED * reference[name]:
        found.append(
            f"its predictions have collapsed: {name} is {scores[name]:.3f}, below a third of source-only's "
            f"{reference[name]:.3f}"
        )
    return tuple(found)


def _likely(posterior: NDArray[np.float64], opinion: Opinion, task: Task) -> NDArray[np.float64]:
    """How likely each row's joint prediction is."""
    predicted = opinion.logits[task.name][JOINT].argmax(axis=1)
    return np.asarray(posterior[np.arange(len(predicted)), predicted])


def _interval(values: NDArray[np.float64], groups: Sequence[str | None], confidence: Confidence) -> Interval:
    # A row without a group is one of its own.
    names = [f"group {group}" if group else f"row {row}" for row, group in enumerate(groups or [None] * len(values))]
    _, positions = np.unique(names, return_inverse=True)
    sums, sizes = np.bincount(positions, weights=values), np.bincount(positions)
    drawn = confidence.generator().integers(len(sums), size=(confidence.resamples, len(sums)))
    return percentile_interval(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), confidence.level)
