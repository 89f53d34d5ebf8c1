"""Encoder of signals."""

from itertools import pairwise
from typing import Final, cast

from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import check_multiple, check_positive
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import GROUPS, ResidualBlock
from .masked_convolution import run_masked
from .masking import clear_padding, mean_over_steps

MOST_BLOCKS: Final = 64


class SignalResNet(Encoder):
    """A 1-D residual network for signals `(B, C, T)` of any length; its features are means over time, none negative.

    Args:
        in_channels: of the signals, such as 3 for an accelerometer.
        out_features: length of the feature vectors, a multiple of 8.
        width: channels of the first block, a multiple of 8; each further block has twice as many at half the rate, up
            to `out_features`.
        depth: number of residual blocks, 1 to 64: each but the first halves the rate.
        kernel_size: of the blocks' convolutions, odd.
        masked: whether each row is read up to its own end only, if rows differ in length; else what is padded is part
            of the signal.

    Raises:
        ValueError: if a size does not fit.

    Example:
        >>> import torch
        >>> SignalResNet(in_channels=3)(EncoderInput(torch.zeros(2, 3, 100))).shape
        torch.Size([2, 64])
    """

    def __init__(
        self,
        in_channels: int,
        out_features: int = 64,
        width: int = 16,
        depth: int = 3,
        kernel_size: int = 5,
        *,
        masked: bool = False,
    ) -> None:
        super().__init__()
        check_positive(in_channels=in_channels, out_features=out_features, depth=depth, kernel_size=kernel_size)
        check_multiple(GROUPS, width=width, out_features=out_features)
        if depth > MOST_BLOCKS:
            raise ValueError(f"depth must be at most {MOST_BLOCKS}, but got {depth}.")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size must be odd, but got {kernel_size}.")
        self.out_features = out_features
        self.time_axis = 2 if masked else None
        self.stem = nn.Sequential(
            nn.Conv1d(in_channels, width, kernel_size=7, padding=3, bias=False), nn.GroupNorm(GROUPS, width), nn.ReLU()
        )
        channels = [width, *(min(width * 2**block, out_features) for block in range(depth - 1)), out_features]
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(before, after, kernel_size, stride=1 if block == 0 else 2)
                for block, (before, after) in enumerate(pairwise(channels))
            )
        )

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode signals `(B, C, T)`; with lengths, each row's first values only."""
        if inputs.lengths is None:
            features: Tensor = self.blocks(self.stem(inputs.values)).mean(dim=2)
            return features
        cleared = clear_padding(inputs.values.transpose(1, 2), inputs.lengths).transpose(1, 2)
        signal, lengths = run_masked(self.stem, cleared, inputs.lengths)
        for block in self.blocks:
            signal, lengths = cast("ResidualBlock", block).masked(signal, lengths)
        return mean_over_steps(signal.transpose(1, 2), lengths)
