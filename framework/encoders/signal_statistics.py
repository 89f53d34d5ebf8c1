"""What a signal's values are like, whatever their order: simple statistics of its course and of its spectrum."""

import math
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..arguments import check_positive
from .band_powers import BandPowers
from .masking import clear_padding, own_steps, widen

BY_CHANNEL: Final = 6
"""Statistics of a channel's course."""

EPSILON: Final = 1e-4
"""Added to variances: a deviation of .01 of what is usual counts as none, so that a constant has no correlation."""


class SignalStatistics(nn.Module):
    """Statistics of signals `(B, C, T)` whose channels have mean 0 and variance 1 in training.

    In this order, each of all channels: mean, standard deviation, least and greatest value, mean absolute difference of
    neighbours, autocorrelation at lag 1; then the bands of each channel (see `BandPowers`), and the correlation of each
    pair of channels. Autocorrelation stands for the rate of zero crossings, of which it is the cosine where signals are
    Gaussian (Rice, 1944; Kedem, https://doi.org/10.1109/PROC.1986.13663), and does not jump where a value is near 0.

    Nothing is learnt, and all are of the order of 1. Of rows that differ in length, each row's own values count.

    Args:
        channels: of the signals.
        window: values that a window of the spectrum holds, even.
        bands: of the spectrum.
        magnitude: whether the Euclidean norm over channels counts as one more channel, which does not change where a
            device is turned.

    Raises:
        ValueError: if a size does not fit.

    Example:
        >>> statistics = SignalStatistics(channels=3)
        >>> statistics.size, statistics(torch.randn(2, 3, 100), torch.tensor([100, 40])).shape
        (59, torch.Size([2, 59]))
    """

    pairs: Int64[Tensor, " pairs"]

    def __init__(self, channels: int, window: int = 64, bands: int = 8, *, magnitude: bool = True) -> None:
        super().__init__()
        check_positive(channels=channels)
        self.magnitude = magnitude and channels > 1
        seen = channels + self.magnitude
        self.spectrum = BandPowers(window, bands)
        rows, columns = torch.triu_indices(channels, channels, 1)
        self.register_buffer("pairs", rows * seen + columns, persistent=False)
        self.size = seen * (BY_CHANNEL + bands) + len(self.pairs)

    def forward(
        self, signals: Float[Tensor, "batch channels steps"], lengths: Int64[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch size"]:
        """The statistics of each row, in float32 where signals are in half precision."""
        with torch.autocast(device_type=signals.device.type, enabled=False):
            values = widen(signals).transpose(1, 2)
            if lengths is None:
                lengths = torch.full((values.shape[0],), values.shape[1], dtype=torch.int64, device=values.device)
            values = clear_padding(values, lengths)
            if self.magnitude:
                norm = torch.linalg.vector_norm(values, dim=2, keepdim=True) / math.sqrt(values.shape[2])
                values = torch.cat([values, norm], dim=2)
            return self._describe(values, lengths)

    def _describe(
        self, values: Float[Tensor, "batch steps channels"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch size"]:
        padding = ~own_steps(lengths, values.shape[1]).unsqueeze(2)
        count = lengths.unsqueeze(1)
        mean = values.sum(dim=1) / count
        centred = (values - mean.unsqueeze(1)).masked_fill(padding, 0.0)
        covariance = torch.matmul(centred.transpose(1, 2), centred) / count.unsqueeze(2)
        variance = covariance.diagonal(dim1=1, dim2=2) + EPSILON
        deviation = variance.sqrt()
        change = (values - _before(values, values[:, :1])).masked_fill(padding, 0.0)
        statistics = [
            mean,
            deviation,
            values.masked_fill(padding, torch.inf).amin(dim=1),
            values.masked_fill(padding, -torch.inf).amax(dim=1),
            change.abs().sum(dim=1) / count,
            (centred * _before(centred, torch.zeros_like(centred[:, :1]))).sum(dim=1) / count / variance,
            self.spectrum(centred, lengths).flatten(1),
        ]
        if len(self.pairs):
            correlation = covariance / (deviation.unsqueeze(1) * deviation.unsqueeze(2))
            statistics.append(correlation.flatten(1).index_select(1, self.pairs))
        return torch.cat(statistics, dim=1)


def _before(
    values: Float[Tensor, "batch steps channels"], first: Float[Tensor, "batch 1 channels"]
) -> Float[Tensor, "batch steps channels"]:
    """The value before each: of as many steps, so that a row of a single one is no empty tensor."""
    return torch.cat([first, values[:, :-1]], dim=1)
