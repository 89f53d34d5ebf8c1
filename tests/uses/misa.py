"""MISA's private and shared parts as a user would write them: https://arxiv.org/abs/2005.03545."""

from collections.abc import Mapping
from itertools import combinations

import torch
from acclimate.framework import (
    JOINT,
    Aligner,
    DomainSide,
    Fused,
    Fusion,
    Intermediate,
    Layout,
    Outputs,
    Side,
    Step,
    Term,
)
from torch import Tensor, nn


class PrivateAndShared(Fusion):
    """A part of each modality's own, and one in a space that all share (equation 4); the joint feature is all parts."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make a map per modality and part, and a head per task."""
        sizes = layout.feature_sizes
        self.common = nn.ModuleDict({name: nn.Linear(size, 8) for name, size in sizes.items()})
        self.private = nn.ModuleDict({name: nn.Linear(8, 8) for name in sizes})
        self.shared = nn.Linear(8, 8)
        self.heads = nn.ModuleDict({task.name: nn.Linear(16 * len(sizes), task.outputs) for task in layout.tasks})

    def forward(self, outputs: Outputs, present: Tensor, domain_side: DomainSide) -> Fused:
        """Fuse, and hand the parts on."""
        parts: dict[str, Tensor] = {}
        for column, (name, common) in enumerate(self.common.items()):
            projected = common(outputs.features[name])
            for kind, layer in (("private", self.private[name]), ("shared", self.shared)):
                parts[f"{kind}/{name}"] = torch.where(present[:, [column]], layer(projected).sigmoid(), 0.0)
        joint = torch.cat([*parts.values()], dim=1)
        logits = {task: head(joint) for task, head in self.heads.items()}
        return Fused(joint, logits, {name: Intermediate(values) for name, values in parts.items()})


class PartLosses(Aligner):
    """Shared parts become alike by central moments, private ones unlike all others (equations 5 to 8)."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the modalities."""
        self.names = layout.modalities

    def forward(self, step: Step) -> dict[str, Term]:
        """Two terms of each side, of the samples that have all modalities."""
        terms: dict[str, Term] = {}
        for domain_side, side in step.sides:
            private, shared = ([self._part(side, kind, name) for name in self.names] for kind in ("private", "shared"))
            reaches = frozenset((domain_side, name) for name in self.names)
            unlike = [*zip(private, shared, strict=True), *combinations(private, 2)]
            difference = torch.stack([(first.T @ second).square().mean() for first, second in unlike]).sum()
            similarity = torch.stack([moment_discrepancy(*pair) for pair in combinations(shared, 2)]).mean()
            terms[f"{domain_side}/difference"] = Term(difference, 0.3, reaches)
            terms[f"{domain_side}/similarity"] = Term(similarity, 0.8, reaches)
        return terms

    def _part(self, side: Side, kind: str, name: str) -> Tensor:
        return side.outputs.intermediate[JOINT][f"{kind}/{name}"].values[side.batch.present.all(dim=1)]


def moment_discrepancy(first: Tensor, second: Tensor, moments: int = 5) -> Tensor:
    """CMD of values within [0, 1]: https://arxiv.org/abs/1702.08811, equation 6."""
    if not len(first):
        return (first + second).sum()
    centred = [values - values.mean(dim=0) for values in (first, second)]
    norms = [torch.linalg.norm(first.mean(dim=0) - second.mean(dim=0))]
    norms += [
        torch.linalg.norm(centred[0].pow(k).mean(dim=0) - centred[1].pow(k).mean(dim=0)) for k in range(2, moments + 1)
    ]
    return torch.stack(norms).sum()
