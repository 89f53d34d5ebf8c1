"""Co-training as a user would write it: Blum and Mitchell, COLT 1998, https://doi.org/10.1145/279943.279962."""

from collections.abc import Mapping

import attrs
import torch
from acclimate.framework import Layout, Lesson, Side, TeacherSelector
from torch import nn


class CoTraining(TeacherSelector):
    """Of two modalities, each teaches the other the samples of which it is surest.

    Args:
        share: of the samples that a modality teaches.
    """

    def __init__(self, share: float = 0.5) -> None:
        super().__init__()
        self.share = share

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the two names, and the task's."""
        (self.first, self.second), (self.task,) = layout.modalities, [task.name for task in layout.tasks]

    def forward(self, side: Side) -> dict[str, Lesson]:
        """A lesson for each of the two."""
        first, second = (self._teach(side, number, name) for number, name in enumerate((self.first, self.second)))
        return {self.task: attrs.evolve(first, by_student={self.first: second, self.second: first})}

    def _teach(self, side: Side, number: int, name: str) -> Lesson:
        probability, labels = side.outputs.logits[self.task][name].softmax(dim=1).max(dim=1)
        confidence = probability.where(side.batch.has(name), 0.0)
        taught = confidence.topk(round(self.share * len(labels))).indices
        keep = torch.zeros_like(labels, dtype=torch.bool).index_fill(0, taught, value=True)
        return Lesson(labels, torch.full_like(labels, number), confidence, keep & side.batch.has(name))
