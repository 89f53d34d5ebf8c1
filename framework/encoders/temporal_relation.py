"""Temporal relations between frames of a sequence."""

from itertools import combinations
from typing import Final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..arguments import check_at_least, check_positive, check_within
from ..batch import EncoderInput
from ..interfaces import Encoder
from .convolution import feature_layer
from .masking import row_lengths

MOST_SEGMENTS: Final = 20
"""There are 2^20 sets of so many frames."""


class TemporalRelationNetwork(Encoder):
    r"""A temporal relation network over features of frames `(B, T, in_features)`.

    Zhou, Andonian, Oliva, Torralba: Temporal Relational Reasoning in Videos, ECCV 2018,
    https://arxiv.org/abs/1711.08496; the authors' code: https://github.com/zhoubolei/TRN-pytorch.

    A row is divided into equal segments, and the frame in the middle of each is taken. A relation over $d$ of them is
    equation 1 for pairs and 2 for more, $T_d = h^{(d)}(\sum_{i < j < \dots} g^{(d)}(f_i, f_j, \dots))$, and the
    features are the sum of relations over 2, 3, ... and all segments, equation 3. TA3N (Chen et al., ICCV 2019,
    https://arxiv.org/abs/1907.12743) and what follows it on EPIC-Kitchens take 5 segments. Here $g$ is a linear layer
    with LayerNorm and ReLU, $h$ a linear one, and LayerNorm and ReLU follow the sum of relations.

    Args:
        in_features: values per frame.
        segments: number of frames that are looked at, 2 to 20; a shorter row's frames stand for several segments.
        multi_scale: whether there are relations over fewer than all segments.
        relations: how many of the sets of $d$ frames each relation looks at, evenly spread among them all.
        hidden: length of a frame's features within the relations.
        out_features: length of the feature vectors.
        dropout: share of a frame's features that are zeroed in training.

    Raises:
        ValueError: if a size is too small, there are more segments, or `dropout` is not in [0, 1).

    Example:
        >>> inputs = EncoderInput(torch.zeros(2, 30, 1024), torch.tensor([30, 12]))
        >>> TemporalRelationNetwork(in_features=1024)(inputs).shape
        torch.Size([2, 64])
    """

    time_axis = 1

    def __init__(
        self,
        in_features: int,
        segments: int = 5,
        *,
        multi_scale: bool = True,
        relations: int = 3,
        hidden: int = 128,
        out_features: int = 64,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        check_positive(in_features=in_features, relations=relations)
        check_at_least(2, segments=segments, hidden=hidden, out_features=out_features)
        if segments > MOST_SEGMENTS:
            raise ValueError(f"segments must be at most {MOST_SEGMENTS}, but got {segments}.")
        check_within("[0, 1)", dropout=dropout)
        self.out_features = out_features
        self.segments = segments
        self.frame = nn.Sequential(feature_layer(in_features, hidden), nn.Dropout(dropout))
        self.scales = nn.ModuleList(
            _Relation(segments, size, relations, hidden, out_features)
            for size in range(2 if multi_scale else segments, segments + 1)
        )
        self.top = nn.Sequential(nn.LayerNorm(out_features), nn.ReLU())

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"]:
        """Encode sequences `(B, T, in_features)`."""
        middle = _middles(row_lengths(inputs), self.segments)
        frames = self.frame(inputs.values.gather(1, middle.unsqueeze(2).expand(-1, -1, inputs.values.shape[2])))
        related = torch.stack([relation(frames) for relation in self.scales])
        features: Tensor = self.top(related.sum(dim=0))
        return features


class _Relation(nn.Module):
    """The relation over sets of `size` frames, in their order."""

    def __init__(self, segments: int, size: int, relations: int, hidden: int, out_features: int) -> None:
        super().__init__()
        sets = torch.tensor(list(combinations(range(segments), size)))
        chosen = min(relations, len(sets))
        self.sets: Tensor
        self.register_buffer("sets", sets[torch.arange(chosen) * len(sets) // chosen], persistent=False)
        self.of_set = feature_layer(size * hidden, hidden)
        self.of_sum = nn.Linear(hidden, out_features)

    def forward(self, frames: Float[Tensor, "batch segments hidden"]) -> Float[Tensor, "batch out_features"]:
        # (batch, sets, size, hidden) to (batch, sets, size * hidden)
        related: Tensor = self.of_sum(self.of_set(frames[:, self.sets].flatten(2)).sum(dim=1))
        return related


def _middles(lengths: Int64[Tensor, " batch"], segments: int) -> Int64[Tensor, "batch segments"]:
    """The frame in the middle of each of equal segments: always one of the row's own."""
    odd = 2 * torch.arange(segments, device=lengths.device) + 1
    return (odd * lengths.unsqueeze(1)).div(2 * segments, rounding_mode="floor")
