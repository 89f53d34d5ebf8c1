"""What Encoders promise of the tensors that they hand on beside features."""

import torch
from torch import Tensor

from ..intermediate import Intermediate
from ..layout import RowShape
from .broken_promise import BrokenPromiseError, difference
from .encoder_case import EncoderCase
from .encoder_features import ROUNDING


@torch.no_grad()
def check_intermediate(case: EncoderCase) -> None:
    """It hands on what `intermediate_shapes` announce; a row's own steps do not depend on its batch and its padding."""
    encoder = case.make()
    lengths = None if encoder.time_axis is None else case.lengths(5)
    together = case.encoded(encoder, case.inputs[:5], lengths).intermediate
    if together.keys() != encoder.intermediate_shapes.keys():
        raise BrokenPromiseError(
            f"{case.name}: intermediate_shapes announce {sorted(encoder.intermediate_shapes)}, but it hands on "
            f"{sorted(together)}."
        )
    for name, found in together.items():
        fault = _fault(found, encoder.intermediate_shapes[name], rows=5)
        if fault:
            raise BrokenPromiseError(f"{case.name}: its intermediate {name!r} {fault}.")
    for row in range(5) if together else ():
        values = case.inputs[[row]]
        own = values if lengths is None else values.narrow(case.time_axis or 1, 0, int(lengths[row]))
        for name, alone in case.encoded(encoder, own).intermediate.items():
            changed = difference(_own_steps(alone, 0), _own_steps(together[name], row), ROUNDING)
            if changed:
                raise BrokenPromiseError(f"{case.name}: {name!r} of row {row} changes when it is alone: {changed}.")


def _fault(found: Intermediate, shape: RowShape, rows: int) -> str:
    sizes = found.values.shape[1:]
    if (
        len(found.values) != rows
        or len(sizes) != len(shape)
        or any(wanted not in {None, size} for wanted, size in zip(shape, sizes, strict=True))
    ):
        return f"is of shape {tuple(found.values.shape)}, where {rows} rows of {shape} are announced"
    if (found.lengths is None) == (None in shape):
        return "must have lengths where its rows have steps in time, and nowhere else"
    if any(not _own_steps(found, row).isfinite().all() for row in range(rows)):
        return "is not finite"
    return ""


def _own_steps(found: Intermediate, row: int) -> Tensor:
    return found.values[row] if found.lengths is None else found.values[row, : int(found.lengths[row])]
