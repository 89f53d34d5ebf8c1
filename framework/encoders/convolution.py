"""Blocks that the convolutional encoders share.

They normalise by group, not by batch: a batch of one trains, a sample's features do not depend on its batch, and no
statistics of the source are applied to the target.
"""

from jaxtyping import Float
from torch import Tensor, nn

GROUPS = 8


def conv_block(in_channels: int, out_channels: int) -> nn.Sequential:
    """3 x 3 convolution, GroupNorm and ReLU; keeps height and width."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
        nn.GroupNorm(GROUPS, out_channels),
        nn.ReLU(),
    )


def pooled_convolutions(in_channels: int, width: int) -> nn.Sequential:
    """Three blocks of `width`, `2 width` and `4 width` channels that halve height and width (rounded up), and a fourth.

    Maps `(B, in_channels, H, W)` to `(B, 4 width, ceil(H / 8), ceil(W / 8))`; no input is too small.
    """
    layers: list[nn.Module] = []
    for channels in (width, 2 * width, 4 * width):
        layers += [conv_block(in_channels, channels), nn.MaxPool2d(kernel_size=3, stride=2, padding=1)]
        in_channels = channels
    return nn.Sequential(*layers, conv_block(in_channels, in_channels))


class ResidualBlock(nn.Module):
    """Two 1-D convolutions beside a shortcut (He et al., Deep Residual Learning, CVPR 2016, figure 2)."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int) -> None:
        super().__init__()
        padding = kernel_size // 2
        self.convolutions = nn.Sequential(
            nn.Conv1d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
            nn.GroupNorm(GROUPS, out_channels),
            nn.ReLU(),
            nn.Conv1d(out_channels, out_channels, kernel_size, 1, padding, bias=False),
            nn.GroupNorm(GROUPS, out_channels),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.shortcut = nn.Sequential(
                nn.Conv1d(in_channels, out_channels, 1, stride, bias=False), nn.GroupNorm(GROUPS, out_channels)
            )

    def forward(self, signal: Float[Tensor, "batch channels time"]) -> Float[Tensor, "batch out_channels out_time"]:
        """The rectified sum of both branches."""
        return nn.functional.relu(self.convolutions(signal) + self.shortcut(signal))
