"""Layers that the encoders share.

They normalise by group, not by batch: a batch of one trains, a sample's features do not depend on its batch, and no
statistics of the source are applied to the target.

All our encoders end in a normalisation and a ReLU. Where a plain linear layer ended them, adaptation took a short cut:
norms grew from epoch to epoch, alignment was content, and classes were lost on the source too.
"""

from jaxtyping import Float, Int64
from torch import Tensor, nn

from .masked_convolution import run_masked

GROUPS = 8


def conv_block(in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1) -> nn.Sequential:
    """2-D convolution, GroupNorm and ReLU; divides height and width by the stride, rounded up."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
        nn.GroupNorm(GROUPS, out_channels),
        nn.ReLU(),
    )


def halve() -> nn.MaxPool2d:
    """Pooling that halves height and width, rounded up, so that no input is too small."""
    return nn.MaxPool2d(kernel_size=3, stride=2, padding=1)


def feature_layer(in_features: int, out_features: int) -> nn.Sequential:
    """Linear layer, LayerNorm and ReLU: the last of an encoder that ends in a vector.

    Raises:
        ValueError: if `out_features` is below 2, which LayerNorm makes a constant.
    """
    if out_features < 2:
        raise ValueError(f"out_features must be at least 2, but got {out_features}.")
    return nn.Sequential(nn.Linear(in_features, out_features, bias=False), nn.LayerNorm(out_features), nn.ReLU())


class ResidualBlock(nn.Module):
    """Two 1-D convolutions beside a shortcut (He et al., https://arxiv.org/abs/1512.03385, figure 2)."""

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

    def masked(
        self, signal: Float[Tensor, "batch channels time"], lengths: Int64[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch out_channels out_time"], Int64[Tensor, " batch"]]:
        """The same of each row's own steps alone, see `run_masked`."""
        convolved, new_lengths = run_masked(self.convolutions, signal, lengths)
        if isinstance(self.shortcut, nn.Sequential):
            signal, _ = run_masked(self.shortcut, signal, lengths)
        return nn.functional.relu(convolved + signal), new_lengths
