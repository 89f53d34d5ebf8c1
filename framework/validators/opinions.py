"""Candidates in numpy, as what several models say together is computed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..batch import Side
from ..consensus.opinion import Opinion, Probabilities, Votes, joint_probabilities
from .validator import Candidate


def opinion_of(side: Side) -> Opinion:
    """What a model says of a side's rows, in numpy."""
    logits = {
        task: {name: values.double().numpy() for name, values in by_head.items()}
        for task, by_head in side.outputs.logits.items()
    }
    return Opinion(logits, side.batch.present.numpy())


def target_opinions(candidates: Sequence[Candidate]) -> list[Opinion]:
    """What each says of the target.

    Raises:
        ValueError: if one has no target.
    """
    return [opinion_of(candidate.both[1]) for candidate in candidates]


def source_opinions(candidates: Sequence[Candidate]) -> list[Opinion]:
    """What each says of the source's validation rows."""
    return [opinion_of(candidate.source) for candidate in candidates]


def source_probabilities(candidate: Candidate, task: str) -> Probabilities:
    """Softmax of the joint logits of the source's validation rows, `(n, C)`."""
    (found,) = joint_probabilities([opinion_of(candidate.source)], task)
    return np.asarray(found)


def target_predictions(candidates: Sequence[Candidate], task: str) -> Votes:
    """Classes that each candidate's joint head finds most likely, `(K, N)`."""
    return np.stack([candidate.target_logits(task).argmax(dim=1).numpy() for candidate in candidates])


def source_predictions(candidates: Sequence[Candidate], task: str) -> Votes:
    """The same of the source's validation rows, `(K, n)`."""
    found = [candidate.source.outputs.joint_logits(task) for candidate in candidates]
    return np.stack([logits.argmax(dim=1).numpy() for logits in found])


def labels_of(candidates: Sequence[Candidate], task: str) -> NDArray[np.int64]:
    """Labels of the source's validation rows, which all candidates saw.

    Raises:
        ValueError: if it has none.
    """
    labels: NDArray[np.int64] = candidates[0].source_labels(task).numpy()
    return labels
