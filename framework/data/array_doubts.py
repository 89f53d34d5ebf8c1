"""Arrays whose axes are more likely in another order, or that are more likely signals, than what they are taken for."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from .doubt import Doubt

_LONG: Final = 8000
"""Values from which on a vector is doubted whatever their order: a second of sound has as many."""

_ORDERED: Final = 0.5
"""Correlation of neighbours from which on values seem to be steps in time: features of a vector have no order."""

_CROP: Final = (8, 2**14)
"""Rows, and values of each, by which an array's order is told."""

_PICTURE_CHANNELS: Final = frozenset({1, 3, 4})


@attrs.frozen
class _Look:
    """What is kept of an array, which may be large.

    Args:
        shape: of the array.
        along: how much its last axis seems to be steps in time, see `_order`.
        across: the same of its first axis.
    """

    shape: tuple[int, ...]
    along: float
    across: float

    @classmethod
    def of(cls, array: NDArray[Any]) -> "_Look":
        """A look at an array."""
        rows, columns = _CROP
        if array.ndim == 1:
            return cls(array.shape, _order(array[np.newaxis, :columns]), 0.0)
        if array.ndim == 2:
            return cls(array.shape, _order(array[:rows, :columns]), _order(array[:columns, :rows].T))
        return cls(array.shape, 0.0, 0.0)


def doubt_arrays(modality: str, kind: str, arrays: Iterable[NDArray[Any]]) -> Iterator[Doubt]:
    """Doubts about what a modality's arrays are taken for.

    Args:
        modality: the column.
        kind: of the preprocessing that was inferred.
        arrays: some of the files, gone through once; none is kept.

    Example:
        >>> tone = np.sin(np.arange(16000) / 9)
        >>> [doubt.message for doubt in doubt_arrays("sound", "features", [tone])]
        ['sound: taken for features of 16000 numbers; if it is a signal, set data.preprocessing.sound.kind=signal']
    """
    looks = [_Look.of(array) for array in arrays]
    if kind == "features":
        yield from _doubt_vectors(modality, [look for look in looks if len(look.shape) == 1])
    elif kind in {"signal", "sequence"}:
        yield from _doubt_matrices(modality, kind, [look for look in looks if len(look.shape) == 2])
    elif kind == "image":
        yield from _doubt_pictures(modality, [look.shape for look in looks if len(look.shape) == 3])


def _doubt_vectors(modality: str, looks: Sequence[_Look]) -> Iterator[Doubt]:
    size = max((look.shape[0] for look in looks), default=0)
    if size >= _LONG or (size >= _LONG // 10 and median(look.along for look in looks) > _ORDERED):
        yield Doubt(
            f"{modality}: taken for features of {size} numbers; if it is a signal, set "
            f"data.preprocessing.{modality}.kind=signal"
        )


def _doubt_matrices(modality: str, kind: str, looks: Sequence[_Look]) -> Iterator[Doubt]:
    """Channels before steps."""
    wide = [look for look in looks if look.shape[1] > look.shape[0]]
    if not wide or 2 * len(wide) <= len(looks):
        return
    along, across = (median(values) for values in zip(*((look.along, look.across) for look in wide), strict=True))
    steps, columns = wide[0].shape
    if (along > _ORDERED and along > across) or (steps <= 4 and columns >= _LONG):
        named = "steps of {} channels" if kind == "signal" else "frames of {} features"
        yield Doubt(
            f"{modality}: arrays of shape ({steps}, {columns}) are taken for {steps} {named.format(columns)}; if they "
            f"are {columns} steps of {steps} channels, write them as ({columns}, {steps})"
        )


def _doubt_pictures(modality: str, shapes: Sequence[tuple[int, ...]]) -> Iterator[Doubt]:
    first = [shape for shape in shapes if shape[2] not in _PICTURE_CHANNELS and shape[0] in _PICTURE_CHANNELS]
    if first and 2 * len(first) > len(shapes):
        channels, height, width = first[0]
        yield Doubt(
            f"{modality}: arrays of shape ({channels}, {height}, {width}) are taken for pictures of {channels} x "
            f"{height} pixels with {width} channels; if they have {channels} channels, write them as ({height}, "
            f"{width}, {channels})"
        )


def _order(rows: NDArray[Any]) -> float:
    """Mean correlation of neighbours along the last axis, over rows; 0 where nothing varies, or is not finite."""
    if rows.shape[1] < 2:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        values = rows.astype(np.float32).astype(np.float64)
    if not np.isfinite(values).all():
        # Whoever reads all rows refuses it.
        return 0.0
    centred = values - values.mean(axis=1, keepdims=True)
    power = (centred**2).sum(axis=1)
    varies = power > 0
    if not varies.any():
        return 0.0
    return float(((centred[:, 1:] * centred[:, :-1]).sum(axis=1)[varies] / power[varies]).mean())
