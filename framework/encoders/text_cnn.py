"""Convolutions over the words of a text, or over the frames of a sequence, with the maximum over time."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..arguments import check_positive, check_within
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import feature_layer
from .masking import clear_padding, own_steps, row_lengths


class MaxOverTime(nn.Module):
    """Convolutions of several widths, each centred on every step, ReLU, and each filter's maximum over a row's steps.

    Args:
        size: values per step.
        widths: steps that a filter sees.
        filters: number of each width.

    Raises:
        ValueError: if there is no width, or a size is not positive.
    """

    def __init__(self, size: int, widths: Sequence[int], filters: int) -> None:
        super().__init__()
        check_positive(size=size, filters=filters)
        if not widths:
            raise ValueError("widths must hold at least one width, but is empty.")
        for width in widths:
            check_positive(widths=width)
        self.out_features = filters * len(widths)
        self.widths = tuple(widths)
        self.convolutions = nn.ModuleList(nn.Conv1d(size, filters, width) for width in widths)

    def forward(
        self, values: Float[Tensor, "batch steps size"], lengths: Int64[Tensor, " batch"]
    ) -> Float[Tensor, "batch out_features"]:
        """The maxima; what lies behind a row's end is taken for zeros."""
        own = own_steps(lengths, values.shape[1]).unsqueeze(1)
        signal = clear_padding(values, lengths).transpose(1, 2)
        maxima: list[Tensor] = []
        for width, convolution in zip(self.widths, self.convolutions, strict=True):
            maps = convolution(nn.functional.pad(signal, ((width - 1) // 2, width // 2))).relu()
            # Nothing is below zero after ReLU, so a zero never is the maximum by mistake.
            maxima.append(torch.where(own, maps, torch.zeros_like(maps)).amax(dim=2))
        return torch.cat(maxima, dim=1)


class TextCNN(Encoder):
    """A convolutional network over the embedded tokens of a text `(B, T)`, all trained here.

    Kim: Convolutional Neural Networks for Sentence Classification, EMNLP 2014, https://arxiv.org/abs/1408.5882.

    Tokens behind a text's end count for nothing, whatever they are.

    Args:
        vocabulary_size: number of tokens.
        padding_id: the token whose embedding stays zero.
        embedding: length of a token's embedding.
        widths: tokens that a filter sees.
        filters: number of each width.
        dropout: share of the filters' maxima that are zeroed in training.
        out_features: length of the feature vectors.

    Raises:
        ValueError: if a size does not fit, or `dropout` is not in [0, 1).

    Example:
        >>> tokens, lengths = torch.tensor([[2, 7, 3, 0], [2, 5, 6, 3]]), torch.tensor([3, 4])
        >>> TextCNN(vocabulary_size=8, padding_id=0)(EncoderInput(tokens, lengths)).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        vocabulary_size: int,
        padding_id: int,
        embedding: int = 128,
        widths: Sequence[int] = (3, 4, 5),
        *,
        filters: int = 64,
        dropout: float = 0.5,
        out_features: int = 64,
    ) -> None:
        super().__init__()
        check_positive(vocabulary_size=vocabulary_size, embedding=embedding)
        check_within("[0, 1)", dropout=dropout)
        self.out_features = out_features
        self.padding_id = padding_id
        self.embedding = nn.Embedding(vocabulary_size, embedding, padding_id)
        with torch.no_grad():
            # As those of the paper's code that are not pretrained; larger ones learn slowly.
            self.embedding.weight.uniform_(-0.25, 0.25)[padding_id] = 0
        self.convolutions = MaxOverTime(embedding, widths, filters)
        self.top = nn.Sequential(nn.Dropout(dropout), feature_layer(self.convolutions.out_features, out_features))

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode texts `(B, T)`."""
        tokens, lengths = inputs.values, row_lengths(inputs)
        own = own_steps(lengths, tokens.shape[1])
        embedded = self.embedding(torch.where(own, tokens, self.padding_id))
        features: Tensor = self.top(self.convolutions(embedded, lengths))
        return features


class SequenceCNN(Encoder):
    """The network of `TextCNN` over features of frames `(B, T, in_features)` in place of embedded tokens.

    Args:
        in_features: values per frame.
        widths: frames that a filter sees.
        filters: number of each width.
        dropout: share of the filters' maxima that are zeroed in training.
        out_features: length of the feature vectors.

    Raises:
        ValueError: if a size does not fit, or `dropout` is not in [0, 1).

    Example:
        >>> SequenceCNN(in_features=300)(EncoderInput(torch.zeros(2, 50, 300), torch.tensor([50, 31]))).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        in_features: int,
        widths: Sequence[int] = (3, 4, 5),
        *,
        filters: int = 64,
        dropout: float = 0.5,
        out_features: int = 64,
    ) -> None:
        super().__init__()
        check_positive(in_features=in_features)
        check_within("[0, 1)", dropout=dropout)
        self.out_features = out_features
        self.convolutions = MaxOverTime(in_features, widths, filters)
        self.top = nn.Sequential(nn.Dropout(dropout), feature_layer(self.convolutions.out_features, out_features))

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode sequences `(B, T, in_features)`."""
        features: Tensor = self.top(self.convolutions(inputs.values, row_lengths(inputs)))
        return features
