"""What one model says of rows without labels, and the votes of several: what a consensus is made of."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ..arguments import check_one_of
from ..evaluation.prediction import Logits
from ..layout import JOINT

Heads: TypeAlias = Literal["joint", "modalities", "both"]
"""Which heads of each model are raters: the joint one, those of its modalities, or all of them."""

Probabilities: TypeAlias = NDArray[np.float64]
"""`(..., C)`, of which each row sums to 1."""

Votes: TypeAlias = NDArray[np.int64]
"""`(R, N)`, the class that each of R raters gives to each of N rows; -1 where it says nothing."""

ABSTAINED = -1
"""The vote of a rater that says nothing of a row, as a modality's head does where the modality is absent."""


@attrs.frozen(eq=False)
class Opinion:
    """What one model says of N rows. Several models that are compared saw the same rows in the same order.

    Args:
        logits: `(N, C)` by task, then by modality and `JOINT`.
        present: `(N, M)`, which modalities each row had, columns in alphabetical order; the same for all models.

    Example:
        >>> logits = {"digit": {"joint": np.array([[0.0, 2.0]]), "audio": np.zeros((1, 2)), "image": np.eye(2)[1:]}}
        >>> Opinion(logits, present=np.array([[False, True]])).modalities
        ('audio', 'image')
    """

    logits: Logits
    present: NDArray[np.bool_]

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names, in alphabetical order: that of the columns of `present`."""
        return tuple(sorted(set(next(iter(self.logits.values()))) - {JOINT}))


@attrs.frozen
class Rater:
    """One head of one model.

    Args:
        model: its position among the models.
        head: `JOINT` or a modality.
    """

    model: int
    head: str


def list_raters(opinions: Sequence[Opinion], heads: Heads) -> list[Rater]:
    """The raters that `cast_votes` asks, in its order: model by model, the joint head before those of modalities.

    Raises:
        ValueError: if there are no opinions, or `heads` is none of those that there are.
    """
    check_one_of(("joint", "modalities", "both"), heads=heads)
    if not opinions:
        raise ValueError("opinions must be one or more, but got none.")
    joint = () if heads == "modalities" else (JOINT,)
    return [
        Rater(model, head)
        for model, opinion in enumerate(opinions)
        for head in (*joint, *(() if heads == "joint" else opinion.modalities))
    ]


def cast_votes(opinions: Sequence[Opinion], task: str, heads: Heads = "joint") -> Votes:
    """The class that each rater finds most likely; a modality's head abstains where the modality is absent.

    Args:
        opinions: of the same rows.
        task: a classification task.
        heads: which heads are raters.

    Returns:
        `(R, N)`, raters in the order of `list_raters`.

    Raises:
        ValueError: if there are no opinions, or they are not of equally many rows.

    Example:
        >>> logits = {"digit": {"joint": np.array([[0.0, 2.0]]), "audio": np.zeros((1, 2)), "image": np.eye(2)[1:]}}
        >>> opinion = Opinion(logits, present=np.array([[False, True]]))
        >>> cast_votes([opinion], "digit", heads="both").tolist()
        [[1], [-1], [1]]
    """
    raters = list_raters(opinions, heads)
    _check_rows(opinions, task)
    return np.stack([_vote(opinions[rater.model], task, rater.head) for rater in raters])


def joint_probabilities(opinions: Sequence[Opinion], task: str) -> Probabilities:
    """Softmax of each model's joint logits, `(K, N, C)`.

    Raises:
        ValueError: if there are no opinions, or they are not of equally many rows.
    """
    _check_rows(opinions, task)
    return np.stack([softmax(opinion.logits[task][JOINT]) for opinion in opinions])


def softmax(logits: NDArray[np.floating[Any]]) -> Probabilities:
    """Of the last axis, in double precision.

    Example:
        >>> softmax(np.array([0.0, 1000.0]))
        array([0., 1.])
    """
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    found: Probabilities = shifted / shifted.sum(axis=-1, keepdims=True)
    return found


def _vote(opinion: Opinion, task: str, head: str) -> NDArray[np.int64]:
    votes: NDArray[np.int64] = opinion.logits[task][head].argmax(axis=1)
    if head == JOINT:
        return votes
    return np.where(opinion.present[:, opinion.modalities.index(head)], votes, ABSTAINED)


def _check_rows(opinions: Sequence[Opinion], task: str) -> None:
    shapes = {opinion.logits[task][JOINT].shape for opinion in opinions}
    if len(shapes) != 1:
        raise ValueError(f"opinions must be one or more of equally many rows and classes, but got {sorted(shapes)}.")
