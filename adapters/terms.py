"""What Aligners share: the rows that count, the labels that may be used, the names of terms."""

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from ..framework.batch import Representation, Side
from ..framework.layout import DomainSide, Layout, Task

UNLABELLED = -1
"""Class index of a row that has no label, or none that a loss may use."""


def mean_over(values: Float[Tensor, " batch"], counted: Bool[Tensor, " batch"]) -> Float[Tensor, ""]:
    """Mean of the values that count; 0, still part of the graph, where none does.

    Example:
        >>> mean_over(torch.tensor([1.0, 3.0, 9.0]), torch.tensor([True, True, False])).item()
        2.0
    """
    return torch.where(counted, values, 0.0).sum() / counted.sum().clamp(min=1)


def usable_labels(domain_side: DomainSide, side: Side, task: Task) -> Int64[Tensor, " batch"] | None:
    """Class indices that a loss may use, `UNLABELLED` in the other rows.

    On the source these are the labels, on the target the kept lessons and never the labels, even where a batch holds
    some.

    Returns:
        None where the side has no classes of this task: a regression task, no labels, or no lesson.
    """
    if task.is_regression:
        return None
    if domain_side == "source":
        return None if side.batch.labels is None else side.batch.labels.get(task.name)
    lesson = side.lessons.get(task.name)
    return None if lesson is None else lesson.labels.masked_fill(~lesson.keep, UNLABELLED)


def term_name(name: str, task: Task, layout: Layout) -> str:
    """The name of a term, with its task behind it where there are several.

    Example:
        >>> verb, noun = Task("verb", ("cut", "wash")), Task("noun", ("knife", "pan"))
        >>> term_name("global/source", verb, Layout(("audio",), (verb,), {"audio": 8}))
        'global/source'
        >>> term_name("global/source", verb, Layout(("audio",), (verb, noun), {"audio": 8}))
        'global/source/verb'
    """
    return f"{name}/{task.name}" if len(layout.tasks) > 1 else name


def reach(domain_side: DomainSide, layout: Layout) -> frozenset[Representation]:
    """The features of all modalities on one side, as `Term.reaches` wants them."""
    return frozenset((domain_side, modality) for modality in layout.modalities)


def reach_across(modality: str) -> frozenset[Representation]:
    """The features of one modality on both sides, as `Term.reaches` wants them."""
    return frozenset({("source", modality), ("target", modality)})
