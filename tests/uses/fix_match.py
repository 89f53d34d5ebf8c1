"""FixMatch as a user would write it: https://arxiv.org/abs/2001.07685."""

from collections.abc import Mapping

from acclimate.framework import Aligner, Layout, Step, Term
from torch import nn
from torch.nn.functional import cross_entropy


class FixMatch(Aligner):
    """What the weak view of a target sample is surely, its strong view learns to be (equation 4)."""

    def __init__(self, threshold: float = 0.95) -> None:
        super().__init__()
        self.threshold = threshold

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the task's name."""
        self.task = layout.tasks[0].name

    def forward(self, step: Step) -> dict[str, Term]:
        """One term, where the target is there; it reaches features of views alone."""
        if step.target is None:
            return {}
        weak, strong = (step.views[name].outputs.joint_logits(self.task) for name in ("weak", "strong"))
        confidence, labels = weak.detach().softmax(dim=1).max(dim=1)
        losses = cross_entropy(strong, labels, reduction="none") * (confidence >= self.threshold)
        return {"consistency": Term(losses.mean(), reaches=frozenset())}
