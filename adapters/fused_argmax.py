"""Pseudo-labels by the argmax of the fused logits, as in RNA.

Planamente, Plizzari, Peirone, Caputo, Bottino: Relative Norm Alignment for Tackling Domain Shift in Deep Multi-modal
Classification, IJCV 2024, https://doi.org/10.1007/s11263-024-01998-9, section 3.4.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..framework.arguments import check_within
from ..framework.batch import JOINT_TEACHER, Lesson, Side
from ..framework.interfaces import TeacherSelector
from ..framework.layout import Layout


class FusedArgmax(TeacherSelector):
    """The joint logits teach every sample, every step.

    A lesson's label is the argmax and its confidence the largest softmax probability; in a regression task they are the
    fused value and 1.

    Args:
        threshold: the confidence that a sample needs to be kept; None keeps all, as in the paper.

    Raises:
        ValueError: if `threshold` is not within [0, 1].

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> selector, target = FusedArgmax(threshold=0.9), make_step().target
        >>> selector.bind(make_layout(), {})
        >>> lesson = selector(target)["digit"]
        >>> bool((lesson.labels == target.outputs.joint_logits("digit").argmax(dim=1)).all())
        True
        >>> bool((lesson.keep == (lesson.confidence >= 0.9)).all())
        True
    """

    layout: Layout

    def __init__(self, threshold: float | None = None) -> None:
        super().__init__()
        if threshold is not None:
            check_within("[0, 1]", threshold=threshold)
        self.threshold = threshold

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks."""
        self.layout = layout

    @torch.no_grad()
    def forward(self, side: Side) -> dict[str, Lesson]:
        """A lesson per task."""
        return {
            task.name: self._lesson(side.outputs.joint_logits(task.name), regression=task.is_regression)
            for task in self.layout.tasks
        }

    def _lesson(self, logits: Float[Tensor, "batch outputs"], *, regression: bool) -> Lesson:
        if regression:
            labels = logits[:, 0].clone()
            confidence = torch.ones_like(labels)
        else:
            confidence, labels = logits.softmax(dim=1).max(dim=1)
        return Lesson(
            labels=labels,
            teacher=torch.full_like(labels, JOINT_TEACHER, dtype=torch.int64),
            confidence=confidence,
            keep=confidence >= (self.threshold or 0.0),
        )
