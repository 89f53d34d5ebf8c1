"""From the normalisation that the data have to the one that pretrained weights expect."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Renormalise(nn.Module):
    """Takes back one normalisation of images and applies another, by channel.

    Args:
        mean: that was taken off.
        std: that was divided by.
        expected_mean: to take off.
        expected_std: to divide by.

    Raises:
        ValueError: if they differ in length.

    Example:
        >>> Renormalise([0.5], [0.5], [0.0], [0.25])(torch.ones(1, 1, 1, 1)).item()
        4.0
    """

    scale: Float[Tensor, "channels 1 1"]
    shift: Float[Tensor, "channels 1 1"]

    def __init__(
        self, mean: Sequence[float], std: Sequence[float], expected_mean: Sequence[float], expected_std: Sequence[float]
    ) -> None:
        super().__init__()
        sizes = [len(mean), len(std), len(expected_mean), len(expected_std)]
        if len(set(sizes)) > 1:
            raise ValueError(f"mean and std must have as many channels as those expected, but got {sizes}.")
        old_mean, old_std, new_mean, new_std = (
            torch.tensor(values, dtype=torch.float64).view(-1, 1, 1)
            for values in (mean, std, expected_mean, expected_std)
        )
        # Known from the arguments, so no part of the weights that are saved.
        self.register_buffer("scale", (old_std / new_std).float(), persistent=False)
        self.register_buffer("shift", ((old_mean - new_mean) / new_std).float(), persistent=False)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Renormalise."""
        return images * self.scale + self.shift
