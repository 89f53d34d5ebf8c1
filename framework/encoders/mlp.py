"""Encoder of feature vectors."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import check_positive, check_within
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import feature_layer


class MLP(Encoder):
    """Linear layers with LayerNorm and ReLU, dropout between them, for feature vectors `(B, in_features)`.

    Args:
        in_features: length of the vectors.
        hidden: sizes of the hidden layers; none makes a single layer.
        out_features: length of the feature vectors that come out.
        dropout: share of hidden values that are zeroed in training.

    Raises:
        ValueError: if a size is not positive, or `dropout` is not in [0, 1).

    Example:
        >>> import torch
        >>> MLP(in_features=100)(EncoderInput(torch.zeros(2, 100))).shape
        torch.Size([2, 64])
    """

    def __init__(
        self, in_features: int, hidden: Sequence[int] = (128,), out_features: int = 64, dropout: float = 0.1
    ) -> None:
        super().__init__()
        check_positive(in_features=in_features)
        check_within("[0, 1)", dropout=dropout)
        self.out_features = out_features
        layers: list[nn.Module] = []
        size = in_features
        for next_size in hidden:
            check_positive(hidden=next_size)
            layers += [nn.Linear(size, next_size), nn.LayerNorm(next_size), nn.ReLU(), nn.Dropout(dropout)]
            size = next_size
        self.layers = nn.Sequential(*layers, feature_layer(size, out_features))

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode vectors `(B, in_features)`."""
        features: Tensor = self.layers(inputs.values)
        return features
