"""From one sampling rate to another, in operators that every ONNX runtime computes exactly."""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ..arguments import check_positive

ZERO_CROSSINGS = 6
"""Of the filter, on each side: more make it steeper and slower."""

ROLL_OFF = 0.99
"""Where the filter cuts, as a share of the highest frequency that both rates can hold."""


class Resample(nn.Module):
    r"""Band-limited interpolation of a waveform by a windowed sinc filter (Smith and Gossett 1984).

    With the cut-off :math:`f = 0.99 \min(r_{in}, r_{out})`, a value at time :math:`t` is

    .. math:: y(t) = \frac{f}{r_{in}} \sum_i x_i \, h\big(f (i / r_{in} - t)\big), \qquad
        h(u) = \frac{\sin \pi u}{\pi u} \cos^2 \frac{\pi u}{12} \text{ for } |u| \le 6 \text{, else } 0.

    Silence lies beyond both ends. The filters are one convolution with a channel for each phase.

    Args:
        from_rate: of the waveforms that come in, in Hz.
        to_rate: of those that go out, in Hz.

    Raises:
        ValueError: if a rate is not positive.

    Example:
        >>> Resample(8000, 16000)(torch.zeros(2, 1000)).shape
        torch.Size([2, 2000])
    """

    filters: Float[Tensor, "phases 1 taps"]

    def __init__(self, from_rate: int, to_rate: int) -> None:
        super().__init__()
        check_positive(from_rate=from_rate, to_rate=to_rate)
        divisor = math.gcd(from_rate, to_rate)
        self.stride, self.phases = from_rate // divisor, to_rate // divisor
        cut_off = ROLL_OFF * min(self.stride, self.phases)
        self.reach = math.ceil(ZERO_CROSSINGS * self.stride / cut_off)
        # Known from the arguments, so no part of the weights that are saved.
        self.register_buffer("filters", _filters(self.stride, self.phases, self.reach, cut_off), persistent=False)

    def forward(self, waveform: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch resampled"]:
        """Resample; what is not a row's own must be zero."""
        if self.stride == self.phases:
            return waveform
        padded = functional.pad(waveform, (self.reach, self.reach + self.stride)).unsqueeze(1)
        # Half precision would add noise of 50 dB below the waveform.
        with torch.autocast(device_type=waveform.device.type, enabled=False):
            values = functional.conv1d(padded.float(), self.filters, stride=self.stride).transpose(1, 2).flatten(1)
        # Of positive numbers: ONNX rounds a negative quotient otherwise.
        return values[:, : (waveform.shape[1] * self.phases + self.stride - 1) // self.stride]

    def lengths(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many values rows of these lengths have afterwards."""
        return (lengths * self.phases + self.stride - 1) // self.stride


def _filters(stride: int, phases: int, reach: int, cut_off: float) -> Float[Tensor, "phases 1 taps"]:
    """One filter for each of the times `0, 1 / phases, ...`, over values `1 / stride` apart."""
    values = torch.arange(-reach, reach + stride, dtype=torch.float64) / stride
    times = torch.arange(phases, dtype=torch.float64).unsqueeze(1) / phases
    distance = (cut_off * (values - times)).clamp(-ZERO_CROSSINGS, ZERO_CROSSINGS)
    window = torch.cos(torch.pi * distance / (2 * ZERO_CROSSINGS)).square()
    return (cut_off / stride * torch.sinc(distance) * window).unsqueeze(1).float()
