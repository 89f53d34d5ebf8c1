"""Linear maps over channels, with an offset."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Final, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ...files.shown_value import shown
from ..preprocessing import Preprocessing
from .base import InputMap, check_axis, check_measured

MAX_CHANNELS: Final = 256
"""Of a full matrix; a diagonal may be as long as there are channels."""

Vector: TypeAlias = tuple[float, ...]
Matrix: TypeAlias = tuple[tuple[float, ...], ...]


def _to_vector(values: object) -> Vector:
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise ValueError(f"numbers of an affine map must stand in a list, but got {shown(values)}.")  # noqa: TRY004 - as all validators
    if not all(isinstance(value, int | float | np.number) and not isinstance(value, bool) for value in values):
        raise ValueError(f"an affine map must be made of numbers, but got {shown(values)}.")
    numbers = tuple(float(value) for value in values)
    if not numbers or not all(map(math.isfinite, numbers)):
        raise ValueError(f"an affine map must be made of finite numbers, but got {shown(values)}.")
    return numbers


def _to_matrix(values: Any) -> Vector | Matrix:  # noqa: ANN401 - whatever a file holds
    if not (isinstance(values, Sequence | np.ndarray) and len(values) and isinstance(values[0], Sequence | np.ndarray)):
        return _to_vector(values)
    rows = tuple(map(_to_vector, values))
    if len({len(row) for row in rows}) > 1:
        raise ValueError("rows of matrix must be of one length, but are of several.")
    return rows


@attrs.frozen
class Affine(InputMap):
    """`matrix x + offset` over the channels.

    Args:
        name: What it does, in words.
        matrix: `(C, C)`, or `(C,)`, the diagonal of one that mixes no channels.
        offset: `(C,)`.
        axis: Along which axis of a sample's array the channels lie; None where all its values are of one channel.

    Raises:
        ValueError: if sizes do not fit together, or a number is not finite.

    Example:
        >>> mirrored = Affine("mirrored in x", matrix=(-1.0, 1.0), offset=(0.5, 0.0), axis=0)
        >>> mirrored(np.array([[[1.0], [2.0]]], np.float32)).tolist()
        [[[-0.5], [2.0]]]
    """

    kind: ClassVar[str] = "affine"

    matrix: Vector | Matrix = attrs.field(converter=_to_matrix)
    offset: Vector = attrs.field(converter=_to_vector)
    axis: int | None = attrs.field(default=0, validator=check_axis)

    def __attrs_post_init__(self) -> None:
        shape = self.weights.shape
        if shape not in {(len(self.offset),), (len(self.offset),) * 2}:
            raise ValueError(f"matrix must be square and as large as offset, {len(self.offset)}, but is {shape}.")
        if len(shape) == 2 and len(self.offset) > MAX_CHANNELS:
            raise ValueError(f"a matrix may have {MAX_CHANNELS} channels, but has {len(self.offset)}.")
        if self.axis is None and len(self.offset) != 1:
            raise ValueError(f"without an axis, there must be one channel, but there are {len(self.offset)}.")

    @property
    def weights(self) -> NDArray[np.float32]:
        """`(C, C)` or `(C,)`."""
        return np.array(self.matrix, np.float32)

    def __call__(self, values: NDArray[Any], lengths: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Map a batch; padding is mapped as the training mean that it stands for."""
        weights, offset = self.weights, np.array(self.offset, np.float32)
        with np.errstate(invalid="ignore"):
            if self.axis is None:
                return np.asarray(values * weights.reshape(-1)[0] + offset[0], np.float32)
            last = np.moveaxis(values, self.axis + 1, -1)
            mapped = last * weights if weights.ndim == 1 else last @ weights.T
            return np.ascontiguousarray(np.moveaxis(mapped + offset, -1, self.axis + 1))

    def check_fit(self, preprocessing: Preprocessing) -> None:
        """Raise ValueError unless its arrays have so many channels there."""
        check_measured(preprocessing)
        shape, channels = preprocessing.shape, len(self.offset)
        if self.axis is not None and (self.axis >= len(shape) or shape[self.axis] != channels):
            raise ValueError(f"{self.name!r} maps {channels} channels along axis {self.axis}, but rows are {shape}.")


KIND = Affine
