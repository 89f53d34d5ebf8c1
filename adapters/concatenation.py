"""Fusion by concatenation, with a joint head of its own, as in A3D2 and Boomda.

A3D2, ACL 2025, https://aclanthology.org/2025.acl-long.967/, figure 2, whose authors' code is
https://github.com/sunjunaimer/A3D2; Boomda, AAAI 2026, https://arxiv.org/abs/2511.08152, figure 2.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from ..framework.arguments import check_positive, check_within
from ..framework.batch import Outputs
from ..framework.interfaces import Fused, Fusion
from ..framework.layout import DomainSide, Layout
from ..framework.tensors.named_modules import NamedModules
from ..framework.tensors.presence import present_only


class Concatenation(Fusion):
    """Concatenates the features of all modalities in alphabetical order, and classifies them by one head per task.

    An absent modality's part is zero. A head that never saw zeros there does not know what to make of them: train with
    `training.modality_dropout` where modalities may be lost.

    Args:
        hidden: the width of a hidden layer with ReLU in the joint head; None makes the head linear. The papers print
            neither; the authors' code of A3D2 has 128.
        dropout: the probability with which values behind the hidden layer are dropped; 0.3 in the authors' code.

    Raises:
        ValueError: if an argument breaks its rule.

    Example:
        >>> from acclimate.framework.testing import make_layout
        >>> fusion = Concatenation(hidden=8)
        >>> fusion.bind(make_layout(width=4), {})
        >>> features = {"audio": torch.ones(2, 4), "image": torch.ones(2, 4)}
        >>> fused = fusion(Outputs(features, {}, {}), torch.ones(2, 2).bool(), "target")
        >>> fused.features.shape, fused.logits["digit"].shape
        (torch.Size([2, 8]), torch.Size([2, 3]))
    """

    def __init__(self, hidden: int | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        if hidden is not None:
            check_positive(hidden=hidden)
        check_within("[0, 1)", dropout=dropout)
        if hidden is None and dropout:
            raise ValueError(f"dropout stands behind the hidden layer, but hidden is None and dropout {dropout}.")
        self.hidden = hidden
        self.dropout = dropout
        self.heads = NamedModules()

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make a joint head per task."""
        width = sum(layout.feature_sizes.values())
        for task in layout.tasks:
            self.heads[task.name] = self._head(width, task.outputs)

    def _head(self, width: int, outputs: int) -> nn.Module:
        if self.hidden is None:
            return nn.Linear(width, outputs)
        return nn.Sequential(
            nn.Linear(width, self.hidden), nn.ReLU(), nn.Dropout(self.dropout), nn.Linear(self.hidden, outputs)
        )

    def forward(self, outputs: Outputs, present: Bool[Tensor, "batch modality"], domain_side: DomainSide) -> Fused:
        """Fuse; the domain side makes no difference."""
        joint = torch.cat(present_only(outputs.features, present), dim=1)
        return Fused(features=joint, logits={task: head(joint) for task, head in self.heads.items()})
