"""Late fusion by the sum of logits (RNA, IJCV 2024, section 4.2.1)."""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from ..framework.batch import Outputs
from ..framework.interfaces import Fused, Fusion
from ..framework.layout import DomainSide
from .terms import keep_present


class LateSum(Fusion):
    """Sums the logits of the modalities that are present, and concatenates their features in alphabetical order.

    An absent modality's logits do not count, and its part of the joint features is zero.
    """

    def forward(self, outputs: Outputs, present: Bool[Tensor, "batch modality"], domain_side: DomainSide) -> Fused:
        """Fuse; the domain side makes no difference."""
        return Fused(
            features=torch.cat(_present_only(outputs.features, present), dim=1),
            logits={
                task: torch.stack(_present_only(by_modality, present)).sum(dim=0)
                for task, by_modality in outputs.logits.items()
            },
        )


def _present_only(
    values: Mapping[str, Float[Tensor, "batch _"]], present: Bool[Tensor, "batch modality"]
) -> list[Float[Tensor, "batch _"]]:
    """By modality in alphabetical order, zero where it is absent."""
    return [keep_present(values[modality], present[:, column]) for column, modality in enumerate(sorted(values))]
