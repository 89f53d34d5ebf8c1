"""Input maps on tensors: the same numbers as in numpy, in training and where a model is exported by torch."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..data.input_maps import Affine, Filtering, Flip, InputMap
from ..data.input_maps.composition import steps_of


class TensorMap(nn.Module):
    """An input map as a module without weights.

    Its constants are no buffers: they are part of the schema, and neither saved with weights nor averaged with them.

    Args:
        found: The map.

    Example:
        >>> mirrored = TensorMap(Affine("mirrored", matrix=(-1.0,), offset=(0.5,), axis=None))
        >>> mirrored(torch.tensor([[1.0, 2.0]])).tolist()
        [[-0.5, -1.5]]
    """

    def __init__(self, found: InputMap) -> None:
        super().__init__()
        self.found = found

    def extra_repr(self) -> str:
        """What it does, in words."""
        return self.found.name

    def forward(
        self, values: Float[Tensor, "batch ..."], lengths: Int64[Tensor, " batch"] | None = None
    ) -> Float[Tensor, "batch ..."]:
        """Map a batch.

        Args:
            values: `(B, ...)`. NaN in a row stays in that row.
            lengths: How many steps of each row are its own, where the encoder is told so.

        Raises:
            TypeError: if the map is of a kind that has no form on tensors.
        """
        # An encoder's front end may need all bits of what it is given.
        with torch.autocast(values.device.type, enabled=False):
            for step in steps_of(self.found):
                values = _apply(step, values, lengths)
        return values


def _apply(step: InputMap, values: Tensor, lengths: Tensor | None) -> Tensor:
    match step:
        case Affine():
            return _affine(step, values)
        case Flip():
            return _flip(values, step.axis + 1, lengths)
        case Filtering():
            return _filter(step, values)
    raise TypeError(f"an input map must be affine, a flip or a filter, but got {type(step).__name__}.")


def _affine(step: Affine, values: Tensor) -> Tensor:
    weights, offset = values.new_tensor(step.weights.tolist()), values.new_tensor(step.offset)
    if step.axis is None:
        return values * weights + offset
    last = values.movedim(step.axis + 1, -1)
    mapped = last * weights if weights.ndim == 1 else last @ weights.T
    return (mapped + offset).movedim(-1, step.axis + 1)


def _flip(values: Tensor, axis: int, lengths: Tensor | None) -> Tensor:
    if lengths is None:
        return values.flip(axis)
    steps = torch.arange(values.shape[axis], device=values.device)
    behind = lengths.unsqueeze(1) - 1 - steps
    order = torch.where(behind >= 0, behind, steps)
    shape = [1] * values.ndim
    shape[0], shape[axis] = order.shape
    return values.gather(axis, order.reshape(shape).expand_as(values))


def _filter(step: Filtering, values: Tensor) -> Tensor:
    given = values.movedim(step.axis + 1, -1)
    taps = values.new_tensor(step.taps).flip(0).reshape(1, 1, -1)
    rows = nn.functional.pad(given.reshape(-1, 1, given.shape[-1]), (len(step.taps) - 1, 0))
    filtered = nn.functional.conv1d(rows, taps).reshape(given.shape)
    return filtered.movedim(-1, step.axis + 1)
