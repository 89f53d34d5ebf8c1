"""What is turned round: pictures from left to right, signals in time."""

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..preprocessing import Preprocessing
from .base import InputMap, check_axis, check_measured


@attrs.frozen
class Flip(InputMap):
    """The same values in the opposite order along an axis.

    Args:
        name: What it does, in words.
        axis: Of a sample's array. In time, rows of which it is known how many steps are their own are turned within
            these, so that padding stays behind.

    Example:
        >>> mirrored = Flip("mirrored", axis=0)
        >>> mirrored(np.array([[1.0, 2.0, 0.0]]), np.array([2])).tolist()
        [[2.0, 1.0, 0.0]]
    """

    kind: ClassVar[str] = "flip"

    axis: int = attrs.field(validator=[attrs.validators.instance_of(int), check_axis])

    def __call__(self, values: NDArray[Any], lengths: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Flip a batch."""
        axis = self.axis + 1
        if lengths is None:
            return np.ascontiguousarray(np.flip(values, axis))
        steps = np.arange(values.shape[axis])
        behind = lengths[:, np.newaxis] - 1 - steps
        order = np.where(behind >= 0, behind, steps)
        shape = [len(values) if at == 0 else -1 if at == axis else 1 for at in range(values.ndim)]
        return np.take_along_axis(values, order.reshape(shape), axis)

    def check_fit(self, preprocessing: Preprocessing) -> None:
        """Raise ValueError unless its arrays have such an axis."""
        check_measured(preprocessing)
        if self.axis >= len(preprocessing.shape):
            raise ValueError(f"{self.name!r} flips axis {self.axis}, but rows are {preprocessing.shape}.")


KIND = Flip
