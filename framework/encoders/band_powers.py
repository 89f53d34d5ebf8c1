"""How much of a signal's power lies in which band of frequencies, in operators that every ONNX runtime computes."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ..arguments import check_positive
from .log_mel import fourier_kernels
from .masking import mean_over_steps


class BandPowers(nn.Module):
    """Logarithms of the powers in bands of frequencies, means over windows of a signal.

    Welch, "The use of fast Fourier transform for the estimation of power spectra" (IEEE Transactions on Audio and
    Electroacoustics, 1967, https://doi.org/10.1109/TAU.1967.1161901): windows overlap by half, each under Hann's, and
    their powers are averaged. The Fourier transform is a convolution with fixed cosines and sines. The widths of bands
    grow with their frequencies; the constant part is in none. A band of power p is log(1 + p / floor), scaled so that
    a sine of amplitude 1 has about 1, and silence has exactly 0.

    Args:
        window: values that a window holds, even; the first window is centred on the first value.
        bands: how many there are.
        floor: power at which the logarithm sets in.

    Raises:
        ValueError: if an argument is not positive, the window is odd or below 4, or there are more bands than
            frequencies.

    Example:
        >>> sine = torch.sin(torch.arange(200) * 2 * torch.pi / 8).view(1, 200, 1)
        >>> BandPowers(window=64, bands=4)(sine, torch.tensor([200])).argmax().item()
        2
    """

    kernels: Float[Tensor, "two_frequencies 1 window"]
    filters: Float[Tensor, "frequencies bands"]

    def __init__(self, window: int = 64, bands: int = 8, floor: float = 1e-3) -> None:
        super().__init__()
        check_positive(window=window, bands=bands, floor=floor)
        if window < 4 or window % 2:
            raise ValueError(f"window must be an even number of values, 4 at least, but got {window}.")
        if bands > window // 2:
            raise ValueError(f"bands must be at most half of the window, {window // 2}, but got {bands}.")
        self.bands, self.floor = bands, floor
        # Known from the arguments, so no part of the weights that are saved.
        self.register_buffer("kernels", fourier_kernels(window), persistent=False)
        self.register_buffer("filters", _filters(window // 2, bands), persistent=False)

    def forward(
        self, signals: Float[Tensor, "batch steps channels"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch channels bands"]:
        """The bands of each channel.

        Args:
            signals: zero behind each row's end, as beyond both ends.
            lengths: of the rows.
        """
        batch, steps, channels = signals.shape
        window = self.kernels.shape[2]
        rows = signals.transpose(1, 2).reshape(batch * channels, 1, steps)
        parts = functional.conv1d(rows, self.kernels, stride=window // 2, padding=window // 2)
        real, imaginary = parts.square().chunk(2, dim=1)
        powers = (real + imaginary).reshape(batch, channels * (window // 2 + 1), -1).transpose(1, 2)
        # Windows behind a row's end may still reach back to it, and are not there where the row is alone.
        spectrum = mean_over_steps(powers, lengths.div(window // 2, rounding_mode="floor") + 1)
        in_bands = torch.matmul(spectrum.reshape(batch, channels, -1), self.filters)
        return torch.log(1 + in_bands / self.floor) / math.log(1 + 1 / self.floor)


def _filters(highest: int, bands: int) -> Float[Tensor, "frequencies bands"]:
    """Which of the frequencies 0 to `highest` are summed in which band."""
    edges = [1]
    for band in range(1, bands):
        geometric = round((highest + 1) ** (band / bands))
        # Each band has a frequency of its own, and leaves one to each of those above.
        edges.append(min(max(geometric, edges[-1] + 1), highest + 1 - (bands - band)))
    frequency = torch.arange(highest + 1).unsqueeze(1)
    low, high = torch.tensor(edges), torch.tensor([*edges[1:], highest + 1])
    return ((frequency >= low) & (frequency < high)).float()
