"""Mixup of features as a user would write it: https://arxiv.org/abs/1806.05236."""

from collections.abc import Mapping

import torch
from acclimate.framework import Aligner, Layout, Step, Term
from torch import nn
from torch.nn.functional import cross_entropy


class FeatureMixup(Aligner):
    """Mixtures of two source samples' features are of both classes, by their shares (equation 1)."""

    def __init__(self, share: float = 0.7) -> None:
        super().__init__()
        self.share = share

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the task's name."""
        self.task = layout.tasks[0].name

    def forward(self, step: Step) -> dict[str, Term]:
        """One term, of what the fusion says of the mixtures; a modality is there where both samples have it."""
        if step.source is None or step.source.batch.labels is None:
            return {}
        batch, labels = step.source.batch, step.source.batch.labels[self.task]
        others = torch.randperm(len(batch), generator=step.generator)
        both = batch.present & batch.present[others]
        rows = both.any(dim=1)
        mixed = {
            name: self.share * values[rows] + (1 - self.share) * values[others][rows]
            for name, values in step.source.outputs.features.items()
            if name in batch.modalities
        }
        logits = step.classify(mixed, both[rows], "source").joint_logits(self.task)
        own, other = (cross_entropy(logits, found[rows]) for found in (labels, labels[others]))
        reaches = frozenset(key for key in step.representations if key[0] == "source")
        return {"mixed": Term(self.share * own + (1 - self.share) * other, reaches=reaches)}
