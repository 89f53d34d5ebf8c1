"""The smallest multimodal model: encoders that begin as the identity, a linear head each, and the sum of logits."""

from collections.abc import Mapping
from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ..batch import EncoderInput, Outputs
from ..interfaces import Encoder, Fused, Fusion
from ..layout import DomainSide, Layout
from ..model import MultimodalModel
from ..tensors.presence import present_only
from ..tensors.seeded import seeded


class SumOfLogits(Fusion):
    """Adds the logits of the modalities that are present, and lays their features side by side."""

    def forward(self, outputs: Outputs, present: Bool[Tensor, "batch modality"], domain_side: DomainSide) -> Fused:
        """Fuse; the domain side makes no difference."""
        return Fused(
            features=torch.cat(present_only(outputs.features, present), dim=1),
            logits={
                task: torch.stack(present_only(by_modality, present)).sum(dim=0)
                for task, by_modality in outputs.logits.items()
            },
        )


class AsItIs(Encoder):
    """One linear layer, which begins as the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.out_features = width
        self.layer = nn.Linear(width, width, bias=False)
        nn.init.eye_(self.layer.weight)

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch width"]:
        """Encode."""
        features: Tensor = self.layer(inputs.values)
        return features


def make_model(
    layout: Layout, heads: Mapping[str, Mapping[str, Float[Tensor, "width _"]]] | None = None
) -> MultimodalModel:
    """A model whose features are its inputs, until it is trained.

    Args:
        layout: its modalities, tasks and sizes.
        heads: weights of the heads by task, then by modality; None draws them, the same at each call.

    Example:
        >>> from acclimate.framework import Method
        >>> from acclimate.framework.testing import make_batch, make_layout
        >>> method = Method(make_model(make_layout()), aligners={})
        >>> method.look(make_batch(rows=8), "source").outputs.joint_logits("digit").shape
        torch.Size([8, 3])
    """
    with seeded(0):
        encoders = {name: AsItIs(layout.feature_sizes[name]) for name in layout.modalities}
        model = MultimodalModel(encoders, layout.tasks, SumOfLogits())
    for task, by_modality in (heads or {}).items():
        if task in model.heads:
            for name, weights in by_modality.items():
                head = cast("nn.Linear", model.heads.get_submodule(f"{task}.{name}"))
                nn.init.zeros_(head.bias)
                head.weight.data.copy_(weights.T)
    return model
