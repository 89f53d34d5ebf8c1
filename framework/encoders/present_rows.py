"""Running an encoder on the rows that have its modality, as far as the longest of them goes."""

from functools import partial
from typing import TYPE_CHECKING

import attrs
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from ..batch import EncoderInput
from ..interfaces import Encoder
from ..intermediate import Encoded, blank, to_encoded
from .trunk_encoder import TrunkEncoder

if TYPE_CHECKING:
    from .trunk_cache import TrunkCache


def encode_present(
    encoder: Encoder,
    inputs: EncoderInput,
    present: Bool[Tensor, " batch"],
    like: Tensor,
    cache: "TrunkCache | None" = None,
) -> Encoded:
    """What an encoder makes of a batch, zero in rows that lack its modality; it does not see those.

    Args:
        encoder: of the modality.
        inputs: all rows of the batch; those that lack the modality may hold anything.
        present: which rows have it.
        like: gives type and device where none does.
        cache: of what frozen trunks make; None runs them each time.

    Example:
        >>> from acclimate.framework.encoders import MLP
        >>> inputs = EncoderInput(torch.tensor([[1.0, 2.0], [torch.nan, torch.nan]]))
        >>> encoded = encode_present(MLP(in_features=2), inputs, torch.tensor([True, False]), like=torch.zeros(1))
        >>> encoded.features.isfinite().all(), encoded.features[1].any()
        (tensor(True), tensor(False))
    """
    count = int(present.sum())
    if count == 0:
        return _encode_nothing(encoder, like, len(present))
    if count == len(present):
        return _run(encoder, inputs, cache)
    lengths = None if inputs.lengths is None else inputs.lengths[present]
    encoded = _run(encoder, EncoderInput(inputs.values[present], lengths, inputs.domain_side), cache)
    return encoded.map(partial(_spread, rows=present.nonzero().flatten(), count=len(present)))


def _encode_nothing(encoder: Encoder, like: Tensor, rows: int) -> Encoded:
    """Zeros: not every encoder takes an empty batch. Who differentiates by features need not know."""
    zeros = like.new_zeros(rows, encoder.out_features)
    trainable = any(parameter.requires_grad for parameter in encoder.parameters())
    nothing = Encoded(zeros, blank(encoder.intermediate_shapes, zeros, rows))
    return nothing.map(partial(_require_gradient, wanted=trainable and torch.is_grad_enabled()))


def _require_gradient(values: Tensor, *, wanted: bool) -> Tensor:
    return values.requires_grad_(wanted and values.is_floating_point())


def _spread(values: Tensor, rows: Int64[Tensor, " rows"], count: int) -> Tensor:
    """Zeros for so many samples, with the values in some rows."""
    return values.new_zeros(count, *values.shape[1:]).index_put((rows,), values)


def _run(encoder: Encoder, inputs: EncoderInput, cache: "TrunkCache | None") -> Encoded:
    inputs = _cut(inputs, encoder.time_axis)
    if isinstance(encoder, TrunkEncoder) and encoder.frozen is not None:
        return to_encoded(encoder.top(_run_trunk(encoder, inputs, cache)))
    return to_encoded(encoder(inputs))


def _cut(inputs: EncoderInput, time_axis: int | None) -> EncoderInput:
    """Rows as long as the longest: what is padding in all of them costs time and changes nothing."""
    if time_axis is None or inputs.lengths is None:
        return attrs.evolve(inputs, lengths=None)
    return attrs.evolve(inputs, values=inputs.values.narrow(time_axis, 0, int(inputs.lengths.max())))


def _run_trunk(encoder: TrunkEncoder, inputs: EncoderInput, cache: "TrunkCache | None") -> EncoderInput:
    values, lengths = inputs.values, inputs.lengths
    activations = encoder.trunk(values, lengths) if cache is None else cache.activations(encoder, values, lengths)
    if lengths is None:
        return attrs.evolve(inputs, values=activations)
    steps = encoder.steps(lengths)
    # As many as a cache gives, so that the top draws the same dropout with and without.
    return EncoderInput(activations[:, : int(steps.max())], steps, inputs.domain_side)
