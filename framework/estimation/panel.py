"""A consensus, and those that would be without one of its models: how far an estimate hangs on who was asked."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Heads, Opinion, Votes
from ..layout import JOINT, Task
from .consensus import Consensus, find_consensus
from .estimate import Estimate, Gain, Method
from .resamples import Resamples


@attrs.frozen(eq=False)
class Panel:
    """Models that judge each other, and themselves.

    Args:
        consensus: of all.
        without: of all but one, for each of them; empty where there is one model.
        resamples: draws of rows.
        method: what estimates are called.
        least: standard error that no estimate is below: what leaving out a model moves, mean square over the models.
    """

    consensus: Consensus
    without: tuple[Consensus, ...]
    resamples: Resamples
    method: Method
    least: float

    @classmethod
    def ask(
        cls,
        target: Sequence[Opinion],
        source: Sequence[Opinion],
        labels: NDArray[np.integer[Any]],
        task: Task,
        resamples: Resamples,
    ) -> "Panel":
        """Find the consensus of the modality heads of all models, and of all without each.

        A joint head errs with the modalities that it is made of, and modality heads of one model with each other less:
        on our own checkpoints they claim less where they are wrong. One modality has nobody to disagree with but other
        models, so that there joint heads are asked.

        Args:
            target: what each model says of the target's rows.
            source: what each says of labelled rows of the source.
            labels: `(n,)` of these.
            task: with classes.
            resamples: draws of rows.
        """
        heads: Heads = "modalities" if len(target[0].modalities) > 1 else "joint"
        consensus = find_consensus(target, source, labels, task, heads)
        models = range(len(target))
        without = tuple(
            find_consensus(_leave_out(target, model), _leave_out(source, model), labels, task, heads)
            for model in models
            if len(target) > 1
        )
        panel = cls(consensus, without, resamples, "consensus" if without else "modality_heads", 0.0)
        errors = [panel.error(opinion.logits[task.name][JOINT].argmax(axis=1)) for opinion in target]
        return attrs.evolve(panel, least=sqrt(float(np.mean(np.square(errors)))))

    def error(self, predictions: Votes, rows: NDArray[np.int64] | None = None) -> float:
        """How far an estimate hangs on who was asked: the jackknife's standard error over the models.

        Quenouille (1956) and Tukey (1958): each model is left out in turn, (K - 1) / K times the sum of squares about
        the mean. Drawing rows again says nothing of that.

        Args:
            predictions: `(N',)`.
            rows: `(N',)`, positions of the predicted rows; all in order if None.
        """
        return jackknife_error([consensus.accuracy(predictions, rows) for consensus in self.without])

    def estimate(self, predictions: Votes, rows: NDArray[np.int64]) -> Estimate:
        """How often predictions are probably right.

        Args:
            predictions: `(N',)`.
            rows: `(N',)`, positions of the predicted rows.
        """
        error = max(self.least, self.error(predictions, rows))
        found = self._resample(predictions, rows) + error * self.resamples.noise
        return Estimate(
            self.consensus.accuracy(predictions, rows),
            self.resamples.interval(np.clip(found, 0.0, 1.0)),
            self.method,
            len(rows),
            self.resamples.groups,
        )

    def gain(self, predictions: Votes, others: Votes, rows: NDArray[np.int64] | None = None) -> Gain:
        """How much more often predictions are probably right than others.

        Args:
            predictions: `(N',)`.
            others: `(N',)`.
            rows: `(N',)`, positions of the predicted rows; all in order if None.
        """
        rows = np.arange(len(predictions)) if rows is None else rows
        models = (self.consensus, *self.without)
        pairs = [one.accuracy(predictions, rows) - one.accuracy(others, rows) for one in models]
        found = self._resample(predictions, rows) - self._resample(others, rows)
        found += jackknife_error(pairs[1:]) * self.resamples.noise
        return Gain(pairs[0], self.resamples.interval(np.clip(found, -1.0, 1.0)))

    def _resample(self, predictions: Votes, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        return self.consensus.resample(predictions, rows, self.resamples.target, self.resamples.source)


def jackknife_error(values: Sequence[float]) -> float:
    """The standard error of an estimate, by what it is without each of K: 0 where there are none.

    Example:
        >>> round(jackknife_error([1.0, 2.0, 3.0]), 4)
        1.1547
    """
    if not values:
        return 0.0
    found = np.asarray(values, dtype=np.float64)
    return sqrt((len(found) - 1) / len(found) * float(np.square(found - found.mean()).sum()))


def _leave_out(opinions: Sequence[Opinion], model: int) -> list[Opinion]:
    return [opinion for position, opinion in enumerate(opinions) if position != model]
