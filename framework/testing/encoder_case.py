"""An Encoder, the inputs that it is tried on, and what its author claims of it."""

import attrs
import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from ..batch import EncoderInput
from ..interfaces import Encoder
from ..intermediate import Encoded, to_encoded
from ..layout import DomainSide
from ..tensors.seeded import seeded
from .bound_parts import Made, make, name_of
from .broken_promise import BrokenPromiseError, plural


@attrs.frozen(eq=False)
class EncoderCase:
    """An Encoder and what it claims.

    Args:
        encoder: what makes the Encoder, such as its class; or the Encoder itself, of which copies are tried, so that
            nothing is said of what its constructor does.
        inputs: `(B, ...)` such as the data have, five rows or more that differ from each other.
        name: what it is called in sentences; its class's name by default.
        time_axis: axis of a batch along which it takes inputs of any length; by default the encoder's own.
        least_rows: how many rows a batch must have in training: two where it normalises batches.
    """

    encoder: Made[Encoder]
    inputs: Shaped[Tensor, "batch ..."] = attrs.field()
    name: str = attrs.field()
    time_axis: int | None = attrs.field()
    least_rows: int = 1

    @inputs.validator
    def _check_inputs(self, _: object, value: Tensor) -> None:
        if len(value) < 5:
            raise ValueError(f"inputs must have five rows at least, but have {len(value)}.")

    @name.default
    def _class_name(self) -> str:
        return name_of(self.encoder)

    @time_axis.default
    def _own_axis(self) -> int | None:
        return make(self.encoder).time_axis

    def make(self, *, training: bool = False, seed: int = 0) -> Encoder:
        """An Encoder of its own, with the same weights for the same seed."""
        with seeded(seed):
            return make(self.encoder).train(training)

    def stretched(self, rows: int, steps: int) -> Shaped[Tensor, "rows ..."]:
        """Rows of the inputs with so many steps: their first ones, or theirs over and over."""
        axis = self.time_axis or 1
        return self.inputs[:rows].index_select(axis, torch.arange(steps) % self.inputs.shape[axis])

    def lengths(self, rows: int) -> Int64[Tensor, " rows"]:
        """Lengths that differ, the first one that of the inputs and the last a single step."""
        return torch.linspace(self.inputs.shape[self.time_axis or 1], 1, rows).to(torch.int64)

    def encoded(
        self,
        encoder: Encoder,
        values: Shaped[Tensor, "batch ..."],
        lengths: Int64[Tensor, " batch"] | None = None,
        domain_side: DomainSide = "target",
    ) -> Encoded:
        """What it makes of rows.

        Raises:
            BrokenPromiseError: if the Encoder raises an error, or answers no tensor.
        """
        try:
            answer: object = encoder(EncoderInput(values, lengths, domain_side))
        except Exception as error:
            mode = "training" if encoder.training else "evaluation"
            batch = f"{plural(len(values), 'row')} of shape {tuple(values.shape[1:])} in {mode}"
            raise BrokenPromiseError(f"{self.name}: raises {error!r} on {batch}.") from error
        if not isinstance(answer, Tensor | Encoded):
            raise BrokenPromiseError(f"{self.name}: must answer a tensor or an Encoded, but answers {answer!r}.")
        return to_encoded(answer)

    def encode(
        self,
        encoder: Encoder,
        values: Shaped[Tensor, "batch ..."],
        lengths: Int64[Tensor, " batch"] | None = None,
        domain_side: DomainSide = "target",
    ) -> Float[Tensor, "batch _"]:
        """The features that it makes of rows."""
        return self.encoded(encoder, values, lengths, domain_side).features


def weight_gradients(encoder: Encoder) -> Float[Tensor, " numbers"]:
    """Gradients of all weights that have one, in a row."""
    found = [weights.grad.flatten() for weights in encoder.parameters() if weights.grad is not None]
    return torch.cat(found) if found else torch.zeros(0)
