"""Filters along time."""

from typing import Any, ClassVar, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..preprocessing import Preprocessing
from ..preprocessing.base import to_numbers
from .base import InputMap, check_axis, check_measured

MAX_TAPS: Final = 1024


@attrs.frozen
class Filtering(InputMap):
    """A causal filter with a finite impulse response, `y(t) = sum over k of taps(k) x(t - k)`, each channel by itself.

    Causal, so that what stands behind a row's own steps reaches none of them; before its first step there are zeros.

    Args:
        name: What it does, in words.
        taps: The impulse response.
        axis: Of a sample's array, that of time.

    Raises:
        ValueError: if there are no taps or too many.

    Example:
        >>> emphasis = Filtering("pre-emphasis", taps=(1.0, -0.5), axis=0)
        >>> emphasis(np.array([[2.0, 2.0, 4.0]], np.float32)).tolist()
        [[2.0, 1.0, 3.0]]
    """

    kind: ClassVar[str] = "filter"

    taps: tuple[float, ...] = attrs.field(converter=to_numbers)
    axis: int = attrs.field(validator=[attrs.validators.instance_of(int), check_axis])

    def __attrs_post_init__(self) -> None:
        if not 1 <= len(self.taps) <= MAX_TAPS:
            raise ValueError(f"taps must be 1 to {MAX_TAPS} numbers, but got {len(self.taps)}.")

    def __call__(self, values: NDArray[Any], lengths: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Filter a batch."""
        given = np.moveaxis(values, self.axis + 1, -1)
        steps = given.shape[-1]
        filtered = np.zeros(given.shape, np.float32)
        with np.errstate(invalid="ignore"):
            for delay, tap in enumerate(np.array(self.taps, np.float32)[:steps]):
                filtered[..., delay:] += tap * given[..., : steps - delay]
        return np.ascontiguousarray(np.moveaxis(filtered, -1, self.axis + 1))

    def check_fit(self, preprocessing: Preprocessing) -> None:
        """Raise ValueError unless its arrays have their time there."""
        check_measured(preprocessing)
        if self.axis != preprocessing.time_axis:
            raise ValueError(
                f"{self.name!r} filters along axis {self.axis}, but the axis of time is {preprocessing.time_axis}."
            )


KIND = Filtering
