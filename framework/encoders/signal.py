"""Encoder of signals."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..interfaces import Encoder
from ._checks import check_multiple, check_positive
from .convolution import GROUPS, ResidualBlock


class SignalResNet(Encoder):
    """A 1-D residual network for signals `(B, C, T)` of any length, pooled over time by mean and maximum.

    Args:
        in_channels: of the signals, such as 3 for an accelerometer.
        out_features: length of the feature vectors.
        width: channels of the first block, a multiple of 8; each further block has twice as many at half the rate.
        depth: number of residual blocks.
        kernel_size: of the blocks' convolutions, odd.

    Raises:
        ValueError: if a size does not fit.

    Example:
        >>> SignalResNet(in_channels=3)(torch.zeros(2, 3, 100)).shape
        torch.Size([2, 64])
    """

    def __init__(
        self, in_channels: int, out_features: int = 64, width: int = 32, depth: int = 3, kernel_size: int = 5
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_features=out_features, depth=depth, kernel_size=kernel_size)
        check_multiple(GROUPS, width=width)
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, but got {kernel_size}.")
        self.out_features = out_features
        self.stem = nn.Conv1d(in_channels, width, kernel_size=7, padding=3)
        channels = [width * 2 ** max(0, block) for block in range(-1, depth)]
        self.blocks = nn.Sequential(
            *(ResidualBlock(before, after, kernel_size, stride=after // before) for before, after in pairwise(channels))
        )
        self.projection = nn.Linear(2 * channels[-1], out_features)

    def forward(self, inputs: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch out_features"]:
        """Encode signals."""
        maps = self.blocks(self.stem(inputs)).relu()
        features: Tensor = self.projection(torch.cat([maps.mean(dim=2), maps.amax(dim=2)], dim=1))
        return features
