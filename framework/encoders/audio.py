"""Encoder of sound."""

from typing import cast

from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..arguments import check_multiple, check_positive
from ..batch import EncoderInput
from .convolution import GROUPS, conv_block, halve
from .log_mel import LogMel
from .masked_convolution import run_masked
from .masking import mean_over_steps
from .trunk_encoder import TrunkEncoder


class LogMelCNN(TrunkEncoder):
    """Log-mel spectrogram and a small 2-D convolutional network, for waveforms `(B, samples)` of any length.

    The mel axis is not pooled but weighted, since height means pitch; its features are means over time, none negative.
    Nothing learns in the spectrogram, so that a `TrunkCache` can keep it; training on long sound is most of its time.

    Args:
        sampling_rate: of the waveforms, in Hz.
        out_features: length of the feature vectors, a multiple of 8.
        width: channels of the first block, a multiple of 8; each further one has twice as many.
        mels: number of mel bands.
        front_end: waveform `(B, samples)` -> `(B, mels, frames)`; None means `LogMel` with its defaults.
        masked: whether each row is read up to its own end only, if rows differ in length; else what is padded is
            silence that belongs to the sound. Needs a front end that takes lengths, as `LogMel` does.

    Raises:
        ValueError: if a size does not fit, or `masked` is set with a front end that is no `LogMel`.

    Example:
        >>> import torch
        >>> LogMelCNN(sampling_rate=8000)(EncoderInput(torch.zeros(2, 8000))).shape
        torch.Size([2, 64])
    """

    def __init__(
        self,
        sampling_rate: int,
        out_features: int = 64,
        width: int = 16,
        mels: int = 40,
        front_end: nn.Module | None = None,
        *,
        masked: bool = False,
    ) -> None:
        super().__init__()
        check_positive(mels=mels)
        check_multiple(GROUPS, width=width, out_features=out_features)
        if masked and not isinstance(front_end, LogMel | None):
            raise ValueError(f"front_end must be a LogMel where masked is set, but got {type(front_end).__name__}.")
        self.out_features = out_features
        self.time_axis = 1 if masked else None
        self.front_end = LogMel(sampling_rate, mels=mels) if front_end is None else front_end
        self.convolutions = nn.Sequential(
            conv_block(1, width, kernel_size=5, stride=2),
            conv_block(width, 2 * width),
            halve(),
            conv_block(2 * width, 4 * width),
            halve(),
            # As high as the maps are by now: all pitches become one row.
            nn.Conv2d(4 * width, out_features, kernel_size=(-(-mels // 8), 3), padding=(0, 1), bias=False),
            nn.GroupNorm(GROUPS, out_features),
            nn.ReLU(),
        )

    @property
    def frozen(self) -> nn.Module | None:
        """The spectrogram, in which nothing learns; None where the front end is somebody else's."""
        return self.front_end if isinstance(self.front_end, LogMel) else None

    def trunk(self, values: Tensor, lengths: Int64[Tensor, " batch"] | None) -> Float[Tensor, "batch ..."]:
        """Spectrograms `(B, mels, frames)`; with lengths `(B, frames, mels)`, of each row's first values only."""
        if lengths is None:
            spectrogram: Tensor = self.front_end(values)
            return spectrogram
        own: Tensor = self.front_end(values, lengths)
        return own.transpose(1, 2)

    def steps(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many frames waveforms of so many values have."""
        return cast("LogMel", self.front_end).frames(lengths)

    def top(self, activations: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Features of spectrograms."""
        if activations.lengths is None:
            features: Tensor = self.convolutions(activations.values.unsqueeze(1)).mean(dim=(2, 3))
            return features
        maps, steps = run_masked(
            self.convolutions, activations.values.transpose(1, 2).unsqueeze(1), activations.lengths
        )
        return mean_over_steps(maps.mean(dim=2).transpose(1, 2), steps)
