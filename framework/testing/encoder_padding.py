"""What Encoders promise that tell padding from data, and those with a frozen trunk that can be cached."""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from ..batch import EncoderInput
from ..encoders.trunk_cache import TrunkCache
from ..encoders.trunk_encoder import TrunkEncoder
from ..intermediate import to_encoded
from ..tensors.seeded import seeded
from .broken_promise import BrokenPromiseError, difference
from .encoder_case import EncoderCase, weight_gradients
from .encoder_features import ROUNDING


def check_padding(case: EncoderCase) -> None:
    """What stands behind a row's end changes neither features nor gradients, bit by bit."""
    if case.make().time_axis is None:
        return
    lengths = case.lengths(4)
    for training in (True, False):
        found = []
        for value in (0.0, torch.nan, torch.inf, 1e30):
            encoder = case.make(training=training)
            with seeded(0):
                features = case.encode(encoder, _spoil(case, lengths, value), lengths)
                torch.autograd.backward(features.sum())
            found.append(torch.cat([features.detach().flatten(), weight_gradients(encoder)]))
            if not found[-1].isfinite().all():
                raise BrokenPromiseError(
                    f"{case.name}: its features or gradients are not finite, padded with {value:g}."
                )
            if not torch.equal(found[-1], found[0]):
                changed = difference(found[-1], found[0], (0.0, 0.0))
                raise BrokenPromiseError(
                    f"{case.name}: its features or gradients change when {value:g} stands in the padding: {changed}."
                )


def _spoil(case: EncoderCase, lengths: Int64[Tensor, " rows"], value: float) -> Shaped[Tensor, "rows ..."]:
    """The inputs with something else behind each row's end; a token that there is where they are token ids."""
    spoilt, axis = case.inputs[: len(lengths)].clone(), case.time_axis or 1
    for row, length in enumerate(lengths.tolist()):
        padding = spoilt[row].narrow(axis - 1, length, spoilt.shape[axis] - length)
        padding.fill_(value if spoilt.is_floating_point() else int(case.inputs.max()))
    return spoilt


@torch.no_grad()
def check_padded_rows(case: EncoderCase) -> None:
    """A padded row has the features that it has alone, however much padding there is."""
    encoder, lengths, axis = case.make(), case.lengths(4), case.time_axis or 1
    if encoder.time_axis is None:
        return
    together = case.encode(encoder, case.inputs[:4], lengths)
    longer = case.encode(encoder, case.stretched(4, 2 * case.inputs.shape[axis]), lengths)
    changed = difference(longer, together, ROUNDING)
    if changed:
        raise BrokenPromiseError(f"{case.name}: its features change with the amount of padding: {changed}.")
    for row, length in enumerate(lengths.tolist()):
        alone = case.encode(encoder, case.inputs[[row]].narrow(axis, 0, length))
        changed = difference(alone, together[[row]], ROUNDING)
        if changed:
            raise BrokenPromiseError(
                f"{case.name}: the features of a row of {length} steps change when it is not padded: {changed}."
            )


@torch.no_grad()
def check_cached_trunk(case: EncoderCase) -> None:
    """A frozen trunk that a cache keeps, and the top, give the features of the whole."""
    encoder = case.make()
    if not isinstance(encoder, TrunkEncoder) or encoder.frozen is None:
        return
    lengths = None if encoder.time_axis is None else case.lengths(3)
    steps = None if lengths is None else encoder.steps(lengths)
    expected = case.encode(encoder, case.inputs[:3], lengths)
    with TemporaryDirectory() as folder:
        for made in ("computed", "read"):
            cached = TrunkCache(Path(folder)).activations(encoder, case.inputs[:3], lengths)
            changed = difference(to_encoded(encoder.top(EncoderInput(cached, steps))).features, expected, (1e-4, 1e-5))
            if changed:
                raise BrokenPromiseError(f"{case.name}: the top of a trunk {made} by a cache differs: {changed}.")
