"""The consensus of several models: how likely each class is of each row, and what such a claim is worth."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.dawid_skene import dawid_skene
from ..consensus.ensemble import mean_probabilities
from ..consensus.opinion import Heads, Opinion, Probabilities, Votes, cast_votes, joint_probabilities
from ..consensus.votes import expected_accuracy
from ..layout import Task


@attrs.frozen(eq=False)
class Consensus:
    """What models say together of rows of the target, and what such claims are worth on the source.

    Where a class is hard in itself, models agree on wrong answers, and the consensus claims too much. Only labels tell
    by how much, and those of the source are at hand: claims on the target are multiplied by worth / claim.

    Args:
        posterior: `(N, C)`, how likely each class is of each row of the target.
        claims: `(n,)`, how sure the same consensus is of its class, of each labelled row of the source.
        right: `(n,)`, whether it is right there.
    """

    posterior: Probabilities
    claims: NDArray[np.float64]
    right: NDArray[np.bool_]

    @property
    def correction(self) -> float:
        """What claims are multiplied by, at most 1."""
        return min(1.0, float(self.right.mean() / self.claims.mean()))

    @property
    def class_prior(self) -> NDArray[np.float64]:
        """`(C,)`, how often each class probably occurs on the target."""
        prior: NDArray[np.float64] = self.posterior.mean(axis=0)
        return prior

    def accuracy(self, predictions: Votes, rows: NDArray[np.int64] | None = None) -> float:
        """How often predictions are probably right.

        Args:
            predictions: `(N',)`.
            rows: `(N',)`, positions of the predicted rows; all in order if None.
        """
        posterior = self.posterior if rows is None else self.posterior[rows]
        return self.correction * expected_accuracy(posterior, predictions)

    def resample(
        self, predictions: Votes, rows: NDArray[np.int64], target: NDArray[np.int64], source: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """`accuracy` in each resample of a bootstrap of both sides, `(resamples,)`.

        Args:
            predictions: `(N',)`.
            rows: `(N',)`.
            target: `(resamples, N)`, how often each row of the target counts.
            source: `(resamples, n)`, how often each row of the source counts.
        """
        correction = np.minimum(1.0, (source @ self.right) / (source @ self.claims))
        counted = target[:, rows]
        # A resample may hold no row of a small subset: it then says what all rows say.
        total = counted.sum(axis=1)
        likely = self.posterior[rows, predictions]
        means = np.divide(counted @ likely, total, out=np.full(len(total), likely.mean()), where=total > 0)
        accuracies: NDArray[np.float64] = correction * means
        return accuracies

    def confusion(self, predictions: Votes, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Shares of the rows by probable class (rows) and prediction (columns), `(C, C)`; its trace is `accuracy`.

        How often each class is predicted is known. Of what the correction takes from the diagonal, each other class
        gets a part within the same column, by how often it probably occurs.
        """
        classes = self.posterior.shape[1]
        named = np.eye(classes)[predictions]
        claimed = self.posterior[rows].T @ named / len(rows)
        others = self.class_prior[:, np.newaxis] * (1 - np.eye(classes))
        others /= np.maximum(others.sum(axis=0), np.finfo(np.float64).tiny)
        kept = self.correction * claimed
        lost = (1 - self.correction) * claimed.sum(axis=0)
        # The trace is to be `accuracy`, so that what is lost leaves the diagonal alone.
        found: NDArray[np.float64] = kept + lost * others
        return found


def find_consensus(
    target: Sequence[Opinion], source: Sequence[Opinion], labels: NDArray[np.integer[Any]], task: Task, heads: Heads
) -> Consensus:
    """Find the consensus on both sides by Dawid and Skene, begun from the mean of all probabilities.

    Args:
        target: what each model says of the target's rows.
        source: what each says of labelled rows of the source.
        labels: `(n,)` of these.
        task: with classes.
        heads: which heads are raters.

    Raises:
        ValueError: if there are no opinions, or they are not of the same rows.
    """
    posterior, known = (_agree(side, task, heads) for side in (target, source))
    return Consensus(posterior, known.max(axis=1), known.argmax(axis=1) == labels)


def _agree(opinions: Sequence[Opinion], task: Task, heads: Heads) -> Probabilities:
    votes = cast_votes(opinions, task.name, heads)
    start = mean_probabilities(joint_probabilities(opinions, task.name))
    return dawid_skene(votes, task.outputs, start=start).posterior
