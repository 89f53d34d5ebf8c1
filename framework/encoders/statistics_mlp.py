"""Encoders of signals by simple statistics, alone and beside a convolutional network."""

from collections.abc import Sequence

import attrs
import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import check_positive
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import feature_layer
from .mlp import MLP
from .signal import SignalResNet
from .signal_statistics import SignalStatistics


class StatisticsMLP(Encoder):
    """Statistics of signals `(B, C, T)` (see `SignalStatistics`) and an MLP.

    Trained on few rows or few epochs, it may be ahead of a network that has to find such statistics first. Nothing is
    normalised over a batch, so neither the source's statistics nor those of other rows are applied to the target.

    Args:
        in_channels: of the signals, such as 3 for an accelerometer.
        out_features: length of the feature vectors.
        hidden: sizes of the hidden layers; none makes a single layer.
        window: values that a window of the spectrum holds, even.
        bands: of the spectrum.
        magnitude: whether the Euclidean norm over channels counts as one more channel.
        dropout: share of hidden values that are zeroed in training.

    Raises:
        ValueError: if a size does not fit.

    Example:
        >>> StatisticsMLP(in_channels=3)(EncoderInput(torch.zeros(2, 3, 100), torch.tensor([100, 40]))).shape
        torch.Size([2, 64])
    """

    time_axis = 2

    def __init__(
        self,
        in_channels: int,
        out_features: int = 64,
        hidden: Sequence[int] = (128,),
        window: int = 64,
        bands: int = 8,
        *,
        magnitude: bool = True,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels)
        self.out_features = out_features
        self.statistics = SignalStatistics(in_channels, window, bands, magnitude=magnitude)
        self.mlp = MLP(self.statistics.size, hidden, out_features, dropout)

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode signals `(B, C, T)`; with lengths, each row's first values only."""
        statistics = self.statistics(inputs.values, inputs.lengths)
        features: Tensor = self.mlp(attrs.evolve(inputs, values=statistics, lengths=None))
        return features


class StatisticsResNet(Encoder):
    """A `SignalResNet` and a `StatisticsMLP`, and a feature layer on what both find.

    Args:
        in_channels: of the signals, such as 3 for an accelerometer.
        out_features: length of the feature vectors, a multiple of 8.
        width: see `SignalResNet`, as the two that follow.
        depth: see `SignalResNet`.
        kernel_size: see `SignalResNet`.
        window: see `StatisticsMLP`, as all others.
        bands: see `StatisticsMLP`.
        magnitude: see `StatisticsMLP`.
        dropout: see `StatisticsMLP`.

    Raises:
        ValueError: as these two do.

    Example:
        >>> StatisticsResNet(in_channels=3)(EncoderInput(torch.zeros(2, 3, 100), torch.tensor([100, 40]))).shape
        torch.Size([2, 64])
    """

    time_axis = 2

    def __init__(
        self,
        in_channels: int,
        out_features: int = 64,
        *,
        width: int = 16,
        depth: int = 3,
        kernel_size: int = 5,
        window: int = 64,
        bands: int = 8,
        magnitude: bool = True,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.out_features = out_features
        self.convolutional = SignalResNet(in_channels, out_features, width, depth, kernel_size, masked=True)
        self.statistical = StatisticsMLP(
            in_channels, out_features, window=window, bands=bands, magnitude=magnitude, dropout=dropout
        )
        self.top: nn.Module = feature_layer(2 * out_features, out_features)

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode signals `(B, C, T)`; with lengths, each row's first values only."""
        features: Tensor = self.top(torch.cat([self.convolutional(inputs), self.statistical(inputs)], dim=1))
        return features
