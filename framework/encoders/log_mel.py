"""Waveform -> log-mel spectrogram, in operators that every ONNX runtime computes exactly."""

import warnings
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from ..arguments import check_positive
from .masking import clear_padding, normalise_own_steps

# Speech deviates by about 2: this is added to the variance only to keep silence, and near silence, from being blown up.
EPSILON: Final = 1e-2


class LogMel(nn.Module):
    """Log-mel spectrogram of a waveform.

    The windowed Fourier transform is a convolution with fixed cosines and sines: STFT operators are slow and inexact in
    ONNX Runtime. Powers are scaled so that a sine of amplitude 1 has power 1 at its own frequency. A band of power p
    is log(1 + p / floor): silence is exactly 0, and with a floor well above float32's rounding errors no band is noise.

    Args:
        sampling_rate: of the waveform, in Hz.
        window_length: in seconds; also the length of the transform.
        hop_length: in seconds.
        mels: number of mel bands.
        floor: power at which the logarithm sets in; the lower, the more rounding errors of float32 show.
        moments: mean and standard deviation of the logarithm that it is normalised with. None takes each sample's own,
            over time and bands, which takes out loudness.

    Raises:
        ValueError: if an argument is not positive, the hop is longer than the window, or there are too many bands for
            the window.

    Example:
        >>> LogMel(sampling_rate=8000)(torch.zeros(2, 8000)).shape
        torch.Size([2, 40, 101])
    """

    kernels: Float[Tensor, "two_frequencies 1 window"]
    filters: Float[Tensor, "mels frequencies"]

    def __init__(
        self,
        sampling_rate: int,
        *,
        window_length: float = 0.032,
        hop_length: float = 0.010,
        mels: int = 40,
        floor: float = 3e-7,
        moments: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.window = round(window_length * sampling_rate)
        self.hop = round(hop_length * sampling_rate)
        check_positive(sampling_rate=sampling_rate, mels=mels, hop_length=self.hop)
        if self.window < max(4, self.hop):
            raise ValueError(
                f"window_length must hold at least 4 values, and no fewer than hop_length, but got {self.window} "
                f"values and a hop of {self.hop}."
            )
        check_positive(floor=floor)
        if moments is not None and moments[1] <= 0:
            raise ValueError(f"moments must have a positive standard deviation, but got {moments[1]}.")
        self.floor = floor
        self.moments = moments
        # Known from the arguments, so no part of the weights that are saved.
        self.register_buffer("kernels", fourier_kernels(self.window), persistent=False)
        self.register_buffer("filters", _mel_filters(sampling_rate, self.window, mels), persistent=False)

    def forward(
        self, waveform: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch mels frames"]:
        """Spectrogram with a frame per hop, the first centred on the first value; silence lies beyond both ends.

        With lengths, each row's is that of its first values alone, and zero behind its own `frames`.
        """
        if lengths is not None:
            waveform = clear_padding(waveform.unsqueeze(2), lengths).squeeze(2)
        # Half precision would leave nothing of the quieter bands.
        with torch.autocast(device_type=waveform.device.type, enabled=False):
            parts = functional.conv1d(
                waveform.float().unsqueeze(1), self.kernels, stride=self.hop, padding=self.window // 2
            )
            real, imaginary = parts.square().chunk(2, dim=1)
            log_mel = torch.log(1 + torch.matmul(self.filters, real + imaginary) / self.floor)
            return self._normalise(log_mel) if lengths is None else self._normalise_own(log_mel, self.frames(lengths))

    def frames(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many frames waveforms of so many values have.

        Example:
            >>> LogMel(sampling_rate=8000).frames(torch.tensor([1, 79, 80, 8000])).tolist()
            [1, 1, 2, 101]
        """
        # A window of an odd length reaches one value less beyond the two ends together.
        return (lengths - self.window % 2).div(self.hop, rounding_mode="floor") + 1

    def _normalise(self, log_mel: Float[Tensor, "batch mels frames"]) -> Float[Tensor, "batch mels frames"]:
        if self.moments is not None:
            mean, deviation = self.moments
            return (log_mel - mean) / deviation
        centred = log_mel - log_mel.mean(dim=(1, 2), keepdim=True)
        return centred / torch.sqrt(centred.square().mean(dim=(1, 2), keepdim=True) + EPSILON)

    def _normalise_own(
        self, log_mel: Float[Tensor, "batch mels frames"], frames: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch mels frames"]:
        if self.moments is None:
            return normalise_own_steps(log_mel.unsqueeze(1), frames, EPSILON).squeeze(1)
        return clear_padding(self._normalise(log_mel).transpose(1, 2), frames).transpose(1, 2)


def fourier_kernels(window: int) -> Float[Tensor, "two_frequencies 1 window"]:
    """Cosines and sines under Hann's window, as a convolution takes them; a sine of amplitude 1 has power 1."""
    time = torch.arange(window, dtype=torch.float64)
    frequency = torch.arange(window // 2 + 1, dtype=torch.float64).unsqueeze(1)
    # Whole turns are taken off before the cosine, which loses digits at large angles.
    angle = 2 * torch.pi * ((frequency * time) % window) / window
    hann = torch.hann_window(window, dtype=torch.float64)
    kernels = torch.cat([torch.cos(angle), -torch.sin(angle)]) * hann * (2 / hann.sum())
    return kernels.unsqueeze(1).float()


def _mel_filters(sampling_rate: int, window: int, mels: int) -> Float[Tensor, "mels frequencies"]:
    from torchaudio.functional import melscale_fbanks

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        filters: Tensor = melscale_fbanks(window // 2 + 1, 0.0, sampling_rate / 2, mels, sampling_rate)
    empty = int((filters.amax(dim=0) == 0).sum())
    if empty:
        raise ValueError(
            f"mels must be so few that each band holds a frequency of the window, but got {mels}, of which {empty} "
            "hold none."
        )
    return filters.T.contiguous()
