"""Encoder of sound."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..interfaces import Encoder
from ._checks import check_multiple, check_positive
from .convolution import GROUPS, pooled_convolutions
from .log_mel import LogMel


class LogMelCNN(Encoder):
    """Log-mel spectrogram and a small 2-D convolutional network, for waveforms `(B, samples)` of any length.

    Time is pooled by mean and maximum; the mel axis is not, since height means pitch.

    Args:
        sampling_rate: of the waveforms, in Hz.
        out_features: length of the feature vectors.
        width: channels of the first block, a multiple of 8; the last has four times as many.
        mels: number of mel bands.
        front_end: waveform `(B, samples)` -> `(B, mels, frames)`; None means `LogMel` with its defaults.

    Raises:
        ValueError: if a size does not fit.

    Example:
        >>> LogMelCNN(sampling_rate=8000)(torch.zeros(2, 8000)).shape
        torch.Size([2, 64])
    """

    def __init__(
        self,
        sampling_rate: int,
        out_features: int = 64,
        width: int = 16,
        mels: int = 40,
        front_end: nn.Module | None = None,
    ) -> None:
        super().__init__()
        check_positive(out_features=out_features, mels=mels)
        check_multiple(GROUPS, width=width)
        self.out_features = out_features
        self.front_end = LogMel(sampling_rate, mels=mels) if front_end is None else front_end
        self.convolutions = pooled_convolutions(1, width)
        self.projection = nn.Linear(2 * 4 * width * -(-mels // 8), out_features)

    def forward(self, inputs: Float[Tensor, "batch samples"]) -> Float[Tensor, "batch out_features"]:
        """Encode waveforms."""
        maps = self.convolutions(self.front_end(inputs).unsqueeze(1))
        pooled = torch.cat([maps.mean(dim=3), maps.amax(dim=3)], dim=1)
        features: Tensor = self.projection(pooled.flatten(start_dim=1))
        return features
