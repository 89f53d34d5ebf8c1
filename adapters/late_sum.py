"""Late fusion by the sum of logits, as in RNA.

Planamente, Plizzari, Peirone, Caputo, Bottino: Relative Norm Alignment for Tackling Domain Shift in Deep Multi-modal
Classification, IJCV 2024, https://doi.org/10.1007/s11263-024-01998-9, section 4.2.1.
"""

import torch
from jaxtyping import Bool
from torch import Tensor

from ..framework.batch import Outputs
from ..framework.interfaces import Fused, Fusion
from ..framework.layout import DomainSide
from ..framework.tensors.presence import present_only


class LateSum(Fusion):
    """Sums the logits of the modalities that are present, and concatenates their features in alphabetical order.

    An absent modality's logits do not count, and its part of the joint features is zero.

    Example:
        >>> values = {"audio": torch.tensor([[1.0, 2.0]]), "image": torch.tensor([[5.0, 5.0]])}
        >>> fused = LateSum()(Outputs(values, {"digit": values}, {}), torch.tensor([[True, False]]), "target")
        >>> fused.logits["digit"].tolist(), fused.features.tolist()
        ([[1.0, 2.0]], [[1.0, 2.0, 0.0, 0.0]])
    """

    def forward(self, outputs: Outputs, present: Bool[Tensor, "batch modality"], domain_side: DomainSide) -> Fused:
        """Fuse; the domain side makes no difference."""
        return Fused(
            features=torch.cat(present_only(outputs.features, present), dim=1),
            logits={
                task: torch.stack(present_only(by_modality, present)).sum(dim=0)
                for task, by_modality in outputs.logits.items()
            },
        )
