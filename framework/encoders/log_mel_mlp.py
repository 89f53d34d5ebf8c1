"""Encoder of sound by statistics of its spectrogram."""

from collections.abc import Sequence
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..arguments import check_positive
from ..batch import EncoderInput
from .log_mel import LogMel
from .masking import mean_over_steps, row_lengths
from .mlp import MLP
from .trunk_encoder import TrunkEncoder

# Deviations below .01 of those between bands count as none, so that silence has a gradient.
EPSILON: Final = 1e-4


class LogMelMLP(TrunkEncoder):
    """Mean and standard deviation over time of log-mel bands, and an MLP, for waveforms `(B, samples)`.

    What comes first in a sound is lost, and so is its loudness (see `LogMel`). The spectrogram, in which nothing
    learns, can be kept by a `TrunkCache`.

    Args:
        sampling_rate: of the waveforms, in Hz.
        out_features: length of the feature vectors.
        hidden: sizes of the hidden layers; none makes a single layer.
        mels: number of mel bands.
        dropout: share of hidden values that are zeroed in training.

    Raises:
        ValueError: if a size does not fit.

    Example:
        >>> LogMelMLP(sampling_rate=8000)(EncoderInput(torch.zeros(2, 8000), torch.tensor([8000, 900]))).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        sampling_rate: int,
        out_features: int = 64,
        hidden: Sequence[int] = (128,),
        mels: int = 40,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_positive(mels=mels)
        self.out_features = out_features
        self.front_end = LogMel(sampling_rate, mels=mels)
        self.mlp = MLP(2 * mels, hidden, out_features, dropout)

    @property
    def frozen(self) -> nn.Module:
        """The spectrogram, in which nothing learns."""
        return self.front_end

    def trunk(self, values: Tensor, lengths: Int64[Tensor, " batch"] | None) -> Float[Tensor, "batch frames mels"]:
        """Spectrograms, of each row's first values only."""
        spectrogram: Tensor = self.front_end(values, lengths)
        return spectrogram.transpose(1, 2)

    def steps(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many frames waveforms of so many values have."""
        return self.front_end.frames(lengths)

    def top(self, activations: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Features of spectrograms."""
        features: Tensor = self.mlp(EncoderInput(moments(activations.values, row_lengths(activations))))
        return features


def moments(
    values: Float[Tensor, "batch steps size"], lengths: Int64[Tensor, " batch"]
) -> Float[Tensor, "batch two_sizes"]:
    """Means, then standard deviations, over each row's own steps.

    Example:
        >>> moments(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([2])).round(decimals=2).tolist()
        [[2.0, 1.0]]
    """
    mean = mean_over_steps(values, lengths)
    variance = mean_over_steps((values - mean.unsqueeze(1)).square(), lengths)
    return torch.cat([mean, (variance + EPSILON).sqrt()], dim=1)
