"""Pseudo-labels by a vote of all heads (Boomda).

Sun, Zhang, Hong, Zhu, Gao: Boomda: Balanced Multi-objective Optimization for Multimodal Domain Adaptation, AAAI 2026,
https://arxiv.org/abs/2511.08152, eq. 6 to 8. The code that the paper names cannot be had.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from ..framework.batch import JOINT_TEACHER, Lesson, Side
from ..framework.errors import RecipeError
from ..framework.interfaces import TeacherSelector
from ..framework.layout import JOINT, Layout, Task


def count_votes(
    logits: Float[Tensor, "heads batch classes"], counted: Bool[Tensor, "heads batch"] | None = None
) -> Int64[Tensor, "batch classes"]:
    """Votes for each class, one per head that counts: eq. 6. Of equal logits the first class gets the vote.

    Example:
        >>> count_votes(torch.tensor([[[1.0, 2.0]], [[0.0, 3.0]], [[5.0, 5.0]]])).tolist()
        [[1, 2]]
    """
    votes = nn.functional.one_hot(logits.argmax(dim=2), logits.shape[2])
    return (votes if counted is None else votes * counted.unsqueeze(2)).sum(dim=0)


def elect(votes: Int64[Tensor, "batch classes"], least: int) -> tuple[Int64[Tensor, " batch"], Bool[Tensor, " batch"]]:
    """Pseudo-labels by most votes (eq. 8), and which of them have `least` votes (eq. 7).

    Of equal votes the first class wins; no label that is kept is won so, if `least` is more than half of the voters.

    Example:
        >>> labels, keep = elect(torch.tensor([[1, 3], [2, 2]]), least=3)
        >>> labels.tolist(), keep.tolist()
        ([1, 0], [True, False])
    """
    most, labels = votes.max(dim=1)
    return labels, most >= least


def default_least_votes(modalities: int) -> int:
    """M_v: 3 as printed, but no more than there are heads (one per modality and the joint one), and a majority of them.

    Example:
        >>> [default_least_votes(modalities) for modalities in (1, 2, 3, 4, 5)]
        [2, 3, 3, 3, 4]
    """
    voters = modalities + 1
    return min(voters, max(3, voters // 2 + 1))


class MajorityVote(TeacherSelector):
    """All modalities' heads and the joint one vote, every step; labels with enough votes are kept (eq. 6 to 8).

    The head of an absent modality does not vote, and the number of votes that are needed stays the same: a sample that
    lacks modalities must win a larger share of the votes that are left, and is not kept where these are too few.
    Confidence is the share of all heads that voted for the label. Numbers cannot be voted on: in a regression task no
    sample is kept.

    Args:
        least: how many votes a label needs, M_v; more than half of the heads, so that no label is kept by a tie. None
            is 3 as in the paper (all heads of two modalities, and three of four of three), see `default_least_votes`.

    Raises:
        RecipeError: when bound, if `least` is not more than half of the heads, or more than all.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> selector = MajorityVote()
        >>> selector.bind(make_layout(), {})
        >>> lesson = selector(make_step().target)["digit"]
        >>> bool((lesson.keep == (lesson.confidence > 0.99)).all())  # of two modalities and the joint head, all
        True
    """

    layout: Layout

    def __init__(self, least: int | None = None) -> None:
        super().__init__()
        self.least = least

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks and modalities."""
        voters = len(layout.modalities) + 1
        if self.least is not None and not voters / 2 < self.least <= voters:
            raise RecipeError(
                f"least must be more than half of the {voters} heads and not more than all, but got {self.least}."
            )
        self.layout = layout

    @torch.no_grad()
    def forward(self, side: Side) -> dict[str, Lesson]:
        """A lesson per task."""
        return {task.name: self._lesson(side, task) for task in self.layout.tasks}

    def _lesson(self, side: Side, task: Task) -> Lesson:
        heads = (*self.layout.modalities, JOINT)
        logits = torch.stack([side.outputs.logits[task.name][head] for head in heads])
        if task.is_regression:
            labels, confidence = logits[-1, :, 0].clone(), logits.new_zeros(len(side.batch))
            keep = torch.zeros_like(confidence, dtype=torch.bool)
        else:
            everywhere = torch.ones_like(side.batch.present[:, :1])
            votes = count_votes(logits, torch.cat([side.batch.present, everywhere], dim=1).T)
            labels, keep = elect(votes, self.least or default_least_votes(len(self.layout.modalities)))
            confidence = votes.amax(dim=1).to(logits.dtype) / len(heads)
        teacher = torch.full_like(labels, JOINT_TEACHER, dtype=torch.int64)
        return Lesson(labels=labels, teacher=teacher, confidence=confidence, keep=keep)
