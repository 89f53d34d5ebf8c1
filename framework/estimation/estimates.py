"""All that is estimated of a model on rows without labels, and the function that estimates it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Votes
from ..evaluation.intervals import Confidence, Interval
from ..evaluation.prediction import Subset
from ..layout import JOINT, Task
from .calibration import Calibration, calibrate
from .consensus import Consensus
from .estimate import Estimate, Gain, Method
from .methods import estimate_by_one, estimate_by_several
from .observation import Observation
from .panel import Panel
from .resamples import Resamples

FEW_ROWS: Final = 100
FEW_CANDIDATES: Final = 4
"""Below these, an estimate is worth little, and says so."""


@attrs.frozen(eq=False)
class SubsetEstimate:
    """With a subset of modalities, on the rows that have one of them.

    Args:
        estimate: by the method that is believed.
        confusion: `(C, C)`, shares of these rows by probable class (rows) and prediction (columns).
    """

    estimate: Estimate
    confusion: NDArray[np.float64]


@attrs.frozen(eq=False)
class Estimates:
    """How good a model probably is at a task.

    Args:
        task: the task.
        by_method: of the fused prediction, the method that is believed first.
        subsets: by subset of modalities, the whole set first; without those that no row has.
        others: of the models that it was judged among, by the same method.
        gains: over each of these.
        class_prior: how often each class probably occurs on the target.
        calibration: on the source.
        correction: what the consensus is worth on the source: its accuracy there over its claim.
        doubts: why the estimate may be worth little, a line each.
    """

    task: Task
    by_method: Mapping[Method, Estimate]
    subsets: Mapping[Subset, SubsetEstimate]
    others: Mapping[str, Estimate]
    gains: Mapping[str, Gain]
    class_prior: Mapping[str, float]
    calibration: Calibration
    correction: float
    doubts: tuple[str, ...]

    @property
    def best(self) -> Estimate:
        """Of the fused prediction, by the method that is believed."""
        return next(iter(self.by_method.values()))

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "task": self.task.name,
            "fused": self.best.to_json() | {"assumption": self.best.assumption},
            "methods": {name: found.to_json() for name, found in self.by_method.items()},
            "subsets": {
                "+".join(subset): {
                    **found.estimate.to_json(),
                    "confusion": [[round(float(share), 6) for share in row] for row in found.confusion],
                }
                for subset, found in self.subsets.items()
            },
            "among": {name: found.to_json() for name, found in self.others.items()},
            "gains": {name: gain.to_json() for name, gain in self.gains.items()},
            "class_prior": dict(self.class_prior),
            "calibration": attrs.asdict(self.calibration),
            "correction": self.correction,
            "doubts": list(self.doubts),
        }


def estimate(
    model: Observation,
    task: Task,
    among: Mapping[str, Observation] | None = None,
    confidence: Confidence | None = None,
) -> Estimates:
    """Estimate how good a model is on rows without labels.

    The modality heads of all models are a consensus (Dawid and Skene), and what it claims is held against labelled rows
    of the source. Intervals tell what is due to the rows of both sides and to which models were asked. One model that
    judges itself is weak: its interval then spans what ATC, DoC and its confidence say, too.

    Args:
        model: what it says of both sides.
        task: with classes.
        among: what other models say of the same rows, such as source-only and other recipes' runs.
        confidence: of the intervals.

    Raises:
        ValueError: if the task has no classes, or the models did not see the same rows.
    """
    if task.is_regression:
        raise ValueError(f"task must have classes, but {task.name!r} is a number.")
    among = among or {}
    models = [model, *among.values()]
    _check_rows(models)
    resamples = Resamples.draw(model, confidence or Confidence())
    target, source = ([one.opinion(side) for one in models] for side in ("target", "source"))
    panel = Panel.ask(target, source, model.labels(task.name), task, resamples)
    everything = np.arange(len(model.target_ids))
    by_method = {
        found.method: found
        for found in (
            panel.estimate(_votes(model, task), everything),
            *estimate_by_one(model, task, resamples),
            *(estimate_by_several(models, task, resamples) if len(models) > 2 else ()),
        )
    }
    spread = None if among else _span(list(by_method.values()))
    subsets = {}
    for subset, found in model.target.items():
        if found is not None:
            votes = _votes(model, task, subset)
            estimated = _widen(panel.estimate(votes, found.rows), spread)
            subsets[subset] = SubsetEstimate(estimated, panel.consensus.confusion(votes, found.rows))
    by_method[panel.method] = _widen(by_method[panel.method], spread)
    return Estimates(
        task,
        by_method,
        subsets,
        {name: panel.estimate(_votes(other, task), everything) for name, other in among.items()},
        {name: panel.gain(_votes(model, task), _votes(other, task)) for name, other in among.items()},
        dict(zip(task.classes or (), map(float, panel.consensus.class_prior), strict=True)),
        calibrate(model.at("source").logits[task.name][JOINT], model.labels(task.name)),
        panel.consensus.correction,
        tuple(_find_doubts(models, task, panel.consensus)),
    )


def _span(found: Sequence[Estimate]) -> Interval:
    """How far methods are from the first one, down and up: nobody else tells how far off it may be."""
    low, high = min(one.interval.low for one in found), max(one.interval.high for one in found)
    return Interval(min(0.0, low - found[0].interval.low), max(0.0, high - found[0].interval.high))


def _widen(found: Estimate, spread: Interval | None) -> Estimate:
    if spread is None:
        return found
    low, high = found.interval.low + spread.low, found.interval.high + spread.high
    return attrs.evolve(found, interval=Interval(max(0.0, low), min(1.0, high)))


def _votes(model: Observation, task: Task, subset: Subset | None = None) -> Votes:
    votes: Votes = model.at("target", subset).logits[task.name][JOINT].argmax(axis=1)
    return votes


def _check_rows(models: Sequence[Observation]) -> None:
    first, *others = models
    for other in others:
        if other.target_ids != first.target_ids or len(other.source_groups) != len(first.source_groups):
            raise ValueError("models must have seen the same rows in the same order, but have not.")
        if [task.classes for task in other.tasks] != [task.classes for task in first.tasks]:
            raise ValueError("models must have the same tasks and classes, but have not.")


def _find_doubts(models: Sequence[Observation], task: Task, consensus: Consensus) -> Iterator[str]:
    rows = len(consensus.posterior)
    if rows < FEW_ROWS:
        yield f"the target has {rows} rows: below {FEW_ROWS}, an estimate is worth little"
    if len(models) == 1:
        yield "one model judges itself by its own modalities, which is weak: give other runs of these rows"
    elif len(models) < FEW_CANDIDATES:
        yield f"{len(models)} models are few for a consensus: {FEW_CANDIDATES} or more are worth more"
    missing = [
        name
        for name, share in zip(task.classes or (), consensus.class_prior, strict=True)
        if share < 0.1 / task.outputs
    ]
    if missing:
        yield f"next to no row is probably of {', '.join(map(repr, missing))}"
