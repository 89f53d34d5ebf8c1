"""Encoders that break one promise each, and sound ones that they are made of."""

import secrets
from typing import Final

import torch
from acclimate.framework import Encoded, Encoder, EncoderInput, Intermediate
from acclimate.framework.encoders.trunk_encoder import TrunkEncoder
from acclimate.framework.testing import EncoderCase
from torch import Tensor, nn

STEPS: Final = 9
INPUTS: Final = torch.randn(5, STEPS, 4, generator=torch.Generator().manual_seed(0))


class Flat(Encoder):
    """One linear layer on all steps at once."""

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 3
        self.layer = nn.Linear(STEPS * 4, 3)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        features: Tensor = self.layer(inputs.values.flatten(start_dim=1))
        return features


class Means(Encoder):
    """The mean of each row's own steps, and a linear layer."""

    time_axis = 1

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 3
        self.layer = nn.Linear(4, 3)

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        rows, steps, _ = inputs.values.shape
        lengths = torch.full((rows,), steps) if inputs.lengths is None else inputs.lengths
        own = torch.arange(steps).expand(rows, -1) < lengths.unsqueeze(1)
        features: Tensor = self.layer(self.mean(inputs.values, own.unsqueeze(2)))
        return features

    def mean(self, values: Tensor, own: Tensor) -> Tensor:
        """Over steps."""
        return values.masked_fill(~own, 0.0).sum(dim=1) / own.sum(dim=1)


class Bounded(Means):
    """Has room for so many steps and no more."""

    def mean(self, values: Tensor, own: Tensor) -> Tensor:
        """Of rows that are not too long."""
        if values.shape[1] > 2 * STEPS:
            raise IndexError(f"no more than {2 * STEPS} steps")
        return super().mean(values, own)


class Centred(Flat):
    """Subtracts the batch's mean in evaluation."""

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        features = super().forward(inputs)
        return features if self.training else features - features.mean(dim=0)


class Blind(Flat):
    """Does not look at its inputs."""

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode ones."""
        return super().forward(EncoderInput(torch.ones_like(inputs.values)))


class Idle(Flat):
    """Has a weight that it does not use."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(2))


class Random(Flat):
    """Draws from a source that no seed reaches, in training."""

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode, with noise."""
        noise = secrets.randbelow(2**30) / 2**30 if self.training else 0.0
        return super().forward(inputs) + noise


class Forgetful(Flat):
    """Keeps a tensor that is no buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = 1 + torch.rand(())

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode, scaled."""
        return super().forward(inputs) * self.scale


class Rooted(Flat):
    """Has no finite gradient in training on two rows."""

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Encode."""
        features = super().forward(inputs)
        return features + (features * 0).sqrt() if self.training and len(features) == 2 else features


class Misannounced(Means):
    """Hands on other numbers than it announces."""

    def __init__(self) -> None:
        super().__init__()
        self.intermediate_shapes = {"mean": (3,)}

    def forward(self, inputs: EncoderInput) -> Encoded:
        """Encode, and hand the inputs' mean on."""
        return Encoded(super().forward(inputs), {"mean": Intermediate(inputs.values.mean(dim=1))})


class Masking(Means):
    """Multiplies by a mask: NaN times zero is NaN."""

    def mean(self, values: Tensor, own: Tensor) -> Tensor:
        """Over steps."""
        return (values * own).sum(dim=1) / own.sum(dim=1)


class Diluted(Means):
    """Divides by all steps, padding too."""

    def mean(self, values: Tensor, own: Tensor) -> Tensor:
        """Over steps."""
        return values.masked_fill(~own, 0.0).mean(dim=1)


class Trunk(TrunkEncoder):
    """A frozen layer and one that trains; what it does beside its halves is lost to a cache."""

    def __init__(self) -> None:
        super().__init__()
        self.out_features = 3
        self.lower = nn.Linear(STEPS * 4, 6).requires_grad_(requires_grad=False)
        self.upper = nn.Linear(6, 3)

    @property
    def frozen(self) -> nn.Module:
        """The lower layer."""
        return self.lower

    def trunk(self, values: Tensor, lengths: Tensor | None) -> Tensor:
        """The lower layer's activations."""
        activations: Tensor = self.lower(values.flatten(start_dim=1))
        return activations

    def top(self, activations: EncoderInput) -> Tensor:
        """The upper layer's."""
        features: Tensor = self.upper(activations.values)
        return features

    def forward(self, inputs: EncoderInput) -> Tensor:
        """Twice what the halves give."""
        return 2 * super().forward(inputs)


BROKEN: Final[list[tuple[str, EncoderCase, str]]] = [
    (
        "features",
        EncoderCase(Bounded, INPUTS),
        r"Bounded: raises IndexError\('no more than 18 steps'\) on 1 row of",
    ),
    ("rows alone", EncoderCase(Centred, INPUTS), "Centred: the features of row 0 change when it is alone: 0 and not "),
    ("tells apart", EncoderCase(Blind, INPUTS), "Blind: does not tell two rows apart: .* distance of 0,"),
    ("weights", EncoderCase(Idle, INPUTS), "Idle: the weight unused trains, but the gradient does not reach it."),
    ("same seed", EncoderCase(Random, INPUTS), "Random: the same seed gives other features or gradients: .* and not "),
    (
        "state",
        EncoderCase(Forgetful, INPUTS),
        "Forgetful: its state_dict does not carry all that it has learnt: ",
    ),
    (
        "lost rows",
        EncoderCase(Rooted, INPUTS),
        "Rooted: the gradient of encoders.it.layer.weight is not finite in a",
    ),
    (
        "intermediate",
        EncoderCase(Misannounced, INPUTS),
        r"Misannounced: its intermediate 'mean' is of shape \(5, 4\), where 5 rows of \(3,\) are announced.",
    ),
    ("padding", EncoderCase(Masking, INPUTS), "Masking: its features or gradients are not finite, padded with nan."),
    (
        "padded rows",
        EncoderCase(Diluted, INPUTS),
        "Diluted: its features change with the amount of padding: ",
    ),
    ("cached trunk", EncoderCase(Trunk, INPUTS), "Trunk: the top of a trunk computed by a cache differs: .* and not "),
]
"""The only promise that a part breaks, and the sentence for it."""
