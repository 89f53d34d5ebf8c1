"""An MLP on each frame of a sequence, and the mean over frames."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import check_at_least, check_positive, check_within
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import feature_layer
from .masking import clear_padding, mean_over_steps, row_lengths


class FrameMLP(Encoder):
    """Layers on each frame of `(B, T, in_features)`, their mean over frames, and a feature layer.

    Each layer is linear, with LayerNorm and ReLU. The order of the frames is lost.

    Args:
        in_features: values per frame.
        hidden: sizes of the layers on each frame, at least one.
        out_features: length of the feature vectors.
        dropout: share of a frame's hidden values that are zeroed in training.

    Raises:
        ValueError: if there are no hidden sizes, a size is too small, or `dropout` is not in [0, 1).

    Example:
        >>> import torch
        >>> FrameMLP(in_features=1024)(EncoderInput(torch.zeros(2, 10, 1024), torch.tensor([10, 4]))).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self, in_features: int, hidden: Sequence[int] = (128,), out_features: int = 64, dropout: float = 0.1
    ) -> None:
        super().__init__()
        check_positive(in_features=in_features)
        check_within("[0, 1)", dropout=dropout)
        if not hidden:
            raise ValueError("hidden must hold at least one size, but it is empty.")
        self.out_features = out_features
        layers: list[nn.Module] = []
        size = in_features
        for next_size in hidden:
            check_at_least(2, hidden=next_size)
            layers += [feature_layer(size, next_size), nn.Dropout(dropout)]
            size = next_size
        self.frame = nn.Sequential(*layers)
        self.top = feature_layer(size, out_features)

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode sequences `(B, T, in_features)`."""
        lengths = row_lengths(inputs)
        # Before the layers too: the gradient of their weights would have the NaN that stands in padding.
        features: Tensor = self.top(mean_over_steps(self.frame(clear_padding(inputs.values, lengths)), lengths))
        return features
