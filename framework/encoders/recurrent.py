"""LSTMs over the frames of a sequence or the values of a signal."""

import attrs
from jaxtyping import Float
from torch import Tensor, nn

from ..arguments import check_one_of, check_positive, check_within
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import feature_layer
from .masked_lstm import MaskedLSTM
from .masking import mean_over_steps, row_lengths


class LSTM(Encoder):
    """An LSTM over features of frames `(B, T, in_features)`, then a feature layer.

    Args:
        in_features: values per frame.
        out_features: length of the feature vectors.
        hidden: length of a direction's state.
        layers: number of LSTM layers, one upon the other.
        bidirectional: whether each layer also reads backwards.
        pooling: "last" takes the state after a row's last own frame (backwards, after its first), "mean" the mean of
            the states over its own frames.
        dropout: share of the pooled state's values that are zeroed in training.

    Raises:
        ValueError: if a size is not positive, `pooling` is neither, or `dropout` is not in [0, 1).

    Example:
        >>> import torch
        >>> LSTM(in_features=20)(EncoderInput(torch.zeros(2, 50, 20), torch.tensor([50, 31]))).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        in_features: int,
        out_features: int = 64,
        hidden: int = 64,
        layers: int = 1,
        *,
        bidirectional: bool = True,
        pooling: str = "mean",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_positive(in_features=in_features, hidden=hidden)
        check_within("[0, 1)", dropout=dropout)
        check_one_of(("last", "mean"), pooling=pooling)
        self.out_features = out_features
        self.pooling = pooling
        self.lstm = MaskedLSTM(in_features, hidden, layers, bidirectional=bidirectional)
        self.top = nn.Sequential(nn.Dropout(dropout), feature_layer(self.lstm.out_features, out_features))

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode sequences `(B, T, in_features)`."""
        states, last = self.lstm(inputs.values, inputs.lengths)
        pooled = last if self.pooling == "last" else mean_over_steps(states, row_lengths(inputs))
        features: Tensor = self.top(pooled)
        return features


class SignalLSTM(LSTM):
    """An LSTM over the values of a signal `(B, C, T)`.

    Args:
        in_channels: of the signals, such as 3 for an accelerometer.
        out_features: see `LSTM`, as all others.
        hidden: see `LSTM`.
        layers: see `LSTM`.
        bidirectional: see `LSTM`.
        pooling: see `LSTM`.
        dropout: see `LSTM`.

    Raises:
        ValueError: as `LSTM` does.

    Example:
        >>> import torch
        >>> SignalLSTM(in_channels=3)(EncoderInput(torch.zeros(2, 3, 100))).shape
        torch.Size([2, 64])
    """

    time_axis = 2

    def __init__(
        self,
        in_channels: int,
        out_features: int = 64,
        hidden: int = 64,
        layers: int = 1,
        *,
        bidirectional: bool = True,
        pooling: str = "mean",
        dropout: float = 0.1,
    ) -> None:
        check_positive(in_channels=in_channels)
        super().__init__(
            in_channels, out_features, hidden, layers, bidirectional=bidirectional, pooling=pooling, dropout=dropout
        )

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode signals `(B, C, T)`."""
        return super().forward(attrs.evolve(inputs, values=inputs.values.transpose(1, 2)))
