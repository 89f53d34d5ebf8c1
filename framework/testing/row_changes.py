"""Changes of a scene's rows, for `Scene.change`: modalities that are absent, classes and norms that vanish."""

from collections.abc import Callable
from typing import Final

import attrs
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from .rows import Rows, leaf

SCATTERED: Final = torch.tensor([[True, False, True], [False, True, True], [True, True, True], [True, False, False]])
"""Which of three modalities the rows have, for `drop`: different ones from row to row."""

GARBAGE: Final = (1e6, torch.nan, torch.inf)
"""What may stand where a modality is absent."""


def drop(present: Bool[Tensor, "some modality"]) -> Callable[[Rows], Rows]:
    """A change that makes modalities absent: `present` is repeated over the rows.

    Example:
        >>> from acclimate.framework.testing import make_scene
        >>> scene = make_scene(2, source=3).change(drop(torch.tensor([[True, False], [True, True]])))
        >>> scene.step().source.batch.present.tolist()
        [[True, False], [True, True], [True, False]]
    """

    def change(rows: Rows) -> Rows:
        repeated = present.repeat(len(rows) // len(present) + 1, 1)[: len(rows)]
        return attrs.evolve(rows, present=repeated).fill_absent(0.0)

    return change


def fill(value: float) -> Callable[[Rows], Rows]:
    """A change that puts a value wherever a modality is absent.

    Example:
        >>> from acclimate.framework.testing import make_scene
        >>> scene = make_scene(2, source=1).change(drop(torch.tensor([[True, False]]))).change(fill(7.0))
        >>> scene.step().source.outputs.features["image"].tolist()
        [[7.0, 7.0, 7.0, 7.0, 7.0]]
    """
    return lambda rows: rows.fill_absent(value)


def take(order: Int64[Tensor, " rows"]) -> Callable[[Rows], Rows]:
    """A change that leaves some rows, or all in another order."""
    return lambda rows: rows.take(order)


def one_class(rows: Rows) -> Rows:
    """A change that leaves one class of each task on the source, and another one on the target."""
    return attrs.evolve(
        rows,
        labels={task: torch.zeros_like(labels) for task, labels in rows.labels.items()},
        lessons={
            task: attrs.evolve(lesson, labels=torch.ones_like(lesson.labels)) for task, lesson in rows.lessons.items()
        },
    )


def without_labels(rows: Rows) -> Rows:
    """A change that takes all labels (class -1, or NaN in regression), and keeps no lesson."""
    return attrs.evolve(
        rows,
        labels={
            task: torch.full_like(labels, torch.nan if labels.is_floating_point() else -1)
            for task, labels in rows.labels.items()
        },
        lessons={
            task: attrs.evolve(lesson, keep=torch.zeros_like(lesson.keep)) for task, lesson in rows.lessons.items()
        },
    )


def vanishing(rows: Rows) -> Rows:
    """A change that makes the first modality's features zero."""
    first = min(rows.features)
    return attrs.evolve(rows, features={**rows.features, first: leaf(torch.zeros_like(rows.features[first]))})
