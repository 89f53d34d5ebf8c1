"""Encoders whose first layers stay as they are."""

from abc import abstractmethod

from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..batch import EncoderInput
from ..interfaces import Encoder
from ..intermediate import Encoded


class TrunkEncoder(Encoder):
    """An encoder in two halves: a trunk that stays as it is, and a top that trains.

    What the trunk makes of a sample never changes, so a `TrunkCache` can keep it. A subclass keeps its trunk in
    evaluation mode and without gradients, whether it is cached or not. The trunk is not told the side, which its
    activations must not depend on; the top is.

    Example:
        >>> import torch
        >>> from acclimate.framework.encoders import SpeakerLSTM
        >>> encoder = SpeakerLSTM(8000, trainable_layers=1)
        >>> encoder.top(EncoderInput(encoder.trunk(torch.zeros(2, 4000), None))).shape
        torch.Size([2, 64])
    """

    @property
    @abstractmethod
    def frozen(self) -> nn.Module | None:
        """The modules that the trunk uses, whose weights tell one trunk from another; None where nothing is frozen."""

    @abstractmethod
    def trunk(self, values: Tensor, lengths: Int64[Tensor, " batch"] | None) -> Float[Tensor, "batch ..."]:
        """Activations of the frozen half: `(B, steps, ...)` of rows that differ in length, else of any shape.

        Those of a row's own steps do not depend on its padding.
        """

    def steps(self, lengths: Int64[Tensor, " batch"]) -> Int64[Tensor, " batch"]:
        """How many steps the trunk makes of rows of these lengths."""
        return lengths

    @abstractmethod
    def top(self, activations: EncoderInput) -> Float[Tensor, "batch out_features"] | Encoded:
        """Features from what the trunk made, whose lengths are `steps`."""

    def forward(self, inputs: EncoderInput) -> Float[Tensor, "batch out_features"] | Encoded:
        """The top of the trunk."""
        steps = None if inputs.lengths is None else self.steps(inputs.lengths)
        return self.top(EncoderInput(self.trunk(inputs.values, inputs.lengths), steps, inputs.domain_side))
