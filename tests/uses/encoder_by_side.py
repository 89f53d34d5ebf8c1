"""An encoder of the source and one of the target, as in ADDA: https://arxiv.org/abs/1702.05464."""

from acclimate.framework import Encoder, EncoderInput
from torch import Tensor, nn


class EncoderBySide(Encoder):
    """Two of one shape, unless `target_features` is another."""

    def __init__(self, in_features: int, target_features: int = 5) -> None:
        super().__init__()
        self.out_features = 5
        self.source, self.target = nn.Linear(in_features, 5), nn.Linear(in_features, target_features)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode by the side's own."""
        features: Tensor = (self.source if inputs.domain_side == "source" else self.target)(inputs.values)
        return features
