"""What the speaker encoder of resemblyzer hears: mel powers of a waveform, as librosa computes them."""

from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional

from .log_mel import fourier_kernels
from .masking import clear_padding

SAMPLING_RATE: Final = 16000
"""Of the waveforms, in Hz."""

WINDOW: Final = 400
HOP: Final = 160
MELS: Final = 40

LOUDNESS: Final = 10 ** (-30 / 20)
"""Root mean square that quieter waveforms are brought to: 30 dB below full scale."""


class SpeakerMel(nn.Module):
    """Powers in 40 mel bands, 100 times a second, not their logarithm; quiet waveforms are made louder first.

    It is librosa's `melspectrogram` with a window of 400 and a hop of 160, Slaney's bands scaled to equal areas. The
    Fourier transform is a convolution, as in `LogMel`.

    Example:
        >>> SpeakerMel()(torch.zeros(2, 16000), torch.tensor([16000, 100])).shape
        torch.Size([2, 103, 40])
    """

    kernels: Float[Tensor, "two_frequencies 1 window"]
    filters: Float[Tensor, "frequencies mels"]

    def __init__(self) -> None:
        super().__init__()
        from torchaudio.functional import melscale_fbanks

        filters: Tensor = melscale_fbanks(
            WINDOW // 2 + 1, 0.0, SAMPLING_RATE / 2, MELS, SAMPLING_RATE, norm="slaney", mel_scale="slaney"
        )
        # The kernels' scale makes a sine's power 1: here it is that of a plain transform.
        scale = torch.hann_window(WINDOW, dtype=torch.float64).sum().item() / 2
        self.register_buffer("kernels", fourier_kernels(WINDOW), persistent=False)
        self.register_buffer("filters", filters * scale**2, persistent=False)

    def forward(
        self, waveform: Float[Tensor, "batch samples"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch frames mels"]:
        """Spectrograms: those of the waveforms with silence behind each row's end, two frames beyond the longest."""
        own = clear_padding(waveform.unsqueeze(2), lengths).squeeze(2)
        loudness = torch.sqrt(own.square().sum(dim=1) / lengths)
        louder = own * (LOUDNESS / loudness.clamp(min=1e-6)).clamp(min=1).unsqueeze(1)
        padded = functional.pad(louder, (WINDOW // 2, WINDOW // 2 + 2 * HOP)).unsqueeze(1)
        # Half precision would leave nothing of the quieter bands.
        with torch.autocast(device_type=waveform.device.type, enabled=False):
            real, imaginary = functional.conv1d(padded.float(), self.kernels, stride=HOP).square().chunk(2, dim=1)
            return torch.matmul((real + imaginary).transpose(1, 2), self.filters)
