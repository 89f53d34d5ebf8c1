"""What candidates say together, in several ways: each a role model that every candidate is held against."""

from collections.abc import Sequence
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.dawid_skene import dawid_skene
from ..consensus.ensemble import mean_probabilities
from ..consensus.opinion import Heads, Opinion, Probabilities, cast_votes, joint_probabilities
from ..layout import Task

RATERS: Final[tuple[Heads, ...]] = ("joint", "modalities")


@attrs.frozen(eq=False)
class RoleModel:
    """How likely each class is of each row of the target, by what candidates say together.

    Args:
        name: of the way.
        posterior: `(N, C)`.
        claim: how sure the same way is on the source's validation rows, mean over rows.
        worth: how often it is right there.
    """

    name: str
    posterior: Probabilities
    claim: float
    worth: float

    @property
    def correction(self) -> float:
        """What claims are multiplied by: candidates may share errors, and labels of the source tell how far."""
        return min(1.0, self.worth / self.claim)

    def right(self, predictions: NDArray[np.int64]) -> NDArray[np.float64]:
        """How likely predictions `(K, N)` of K candidates are right, corrected, as `(N, K)`."""
        likely: NDArray[np.float64] = np.take_along_axis(self.posterior, predictions.T, axis=1)
        return likely * self.correction


def make_role_models(
    target: Sequence[Opinion], source: Sequence[Opinion], labels: NDArray[np.int64], task: Task
) -> tuple[RoleModel, ...]:
    """Three role models: Dawid and Skene's over joint heads, which comes first, and over modalities' heads; EnsV's.

    Args:
        target: of each candidate.
        source: of each candidate, on the source's validation rows.
        labels: of these rows.
        task: with classes.
    """
    found = []
    for heads in RATERS:
        there, known = (_agree(opinions, task, heads) for opinions in (target, source))
        found.append(_hold(f"Dawid-Skene, {heads}", there, known, labels))
    there, known = (_one_hot(mean_probabilities(joint_probabilities(each, task.name))) for each in (target, source))
    return (*found, _hold("EnsV", there, known, labels))


def _hold(name: str, target: Probabilities, source: Probabilities, labels: NDArray[np.int64]) -> RoleModel:
    worth = float((source.argmax(axis=1) == labels).mean())
    return RoleModel(name, target, float(source.max(axis=1).mean()), worth)


def _agree(opinions: Sequence[Opinion], task: Task, heads: Heads) -> Probabilities:
    start = mean_probabilities(joint_probabilities(opinions, task.name))
    return dawid_skene(cast_votes(opinions, task.name, heads), task.outputs, start=start).posterior


def _one_hot(probabilities: Probabilities) -> Probabilities:
    found: Probabilities = np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)]
    return found
