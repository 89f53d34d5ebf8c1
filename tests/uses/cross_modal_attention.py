"""Attention of one modality's steps over another's, as in MulT: https://arxiv.org/abs/1906.00295."""

from collections.abc import Mapping

import torch
from acclimate.framework import DomainSide, Encoded, Encoder, EncoderInput, Fused, Fusion, Intermediate, Layout, Outputs
from acclimate.framework.encoders.masking import clear_padding, mean_over_steps, own_steps, row_lengths
from torch import Tensor, nn


class StepEncoder(Encoder):
    """A layer on each step, and their mean; the steps are handed on."""

    time_axis = 1

    def __init__(self, in_features: int, out_features: int = 6) -> None:
        super().__init__()
        self.out_features = out_features
        self.intermediate_shapes = {"steps": (None, out_features)}
        self.layer = nn.Linear(in_features, out_features)

    def forward(self, inputs: EncoderInput) -> Encoded:
        """Encode `(B, T, in_features)`."""
        lengths = row_lengths(inputs)
        steps = clear_padding(self.layer(clear_padding(inputs.values, lengths)).tanh(), lengths)
        return Encoded(mean_over_steps(steps, lengths), {"steps": Intermediate(steps, lengths)})


class CrossModalAttention(Fusion):
    """The steps of each modality ask those of each other one (equation 1); joint features are means of the answers."""

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Make an attention per ordered pair, and a head per task."""
        widths = {name: shapes["steps"][1] for name, shapes in layout.intermediate_shapes.items()}
        self.pairs = [(to, of) for to in widths for of in widths if to != of]
        self.attention = nn.ModuleDict(
            {
                f"{of}->{to}": nn.MultiheadAttention(widths[to], 1, kdim=widths[of], vdim=widths[of], batch_first=True)
                for to, of in self.pairs
            }
        )
        joint = sum(widths[to] for to, _ in self.pairs)
        self.heads = nn.ModuleDict({task.name: nn.Linear(joint, task.outputs) for task in layout.tasks})

    def forward(self, outputs: Outputs, present: Tensor, domain_side: DomainSide) -> Fused:
        """Fuse."""
        joint = torch.cat([self._attend(outputs, to, of) for to, of in self.pairs], dim=1)
        return Fused(joint, {task: head(joint) for task, head in self.heads.items()})

    def _attend(self, outputs: Outputs, to: str, of: str) -> Tensor:
        asking, asked = (outputs.intermediate[name]["steps"] for name in (to, of))
        padding = ~own_steps(asked.lengths, asked.values.shape[1])
        padding[:, 0] = False  # A row without the modality asks one step of zeros.
        answers, _ = self.attention[f"{of}->{to}"](asking.values, asked.values, asked.values, key_padding_mask=padding)
        there = (asking.lengths > 0) & (asked.lengths > 0)
        return torch.where(there.unsqueeze(1), mean_over_steps(answers, asking.lengths.clamp(min=1)), 0.0)
