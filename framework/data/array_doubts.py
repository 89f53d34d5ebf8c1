"""Arrays whose axes are more likely in another order, or that are more likely signals, than what they are taken for."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .doubt import Doubt

_LONG: Final = 8000
"""Values from which on a vector is doubted whatever their order: a second of sound has as many."""

_ORDERED: Final = 0.5
"""Correlation of neighbours from which on values seem to be steps in time: features of a vector have no order."""

_PICTURE_CHANNELS: Final = frozenset({1, 3, 4})


def doubt_arrays(modality: str, kind: str, arrays: Sequence[NDArray[Any]]) -> Iterator[Doubt]:
    """Doubts about what a modality's arrays are taken for.

    Args:
        modality: the column.
        kind: of the preprocessing that was inferred.
        arrays: some of the files, of one to three axes.

    Example:
        >>> tone = np.sin(np.arange(16000) / 9)
        >>> [doubt.message for doubt in doubt_arrays("sound", "features", [tone])]
        ['sound: taken for features of 16000 numbers; if it is a signal, set data.preprocessing.sound.kind=signal']
    """
    if not arrays:
        return
    if kind == "features":
        yield from _doubt_vectors(modality, [array for array in arrays if array.ndim == 1])
    elif kind in {"signal", "sequence"}:
        yield from _doubt_matrices(modality, kind, [array for array in arrays if array.ndim == 2])
    elif kind == "image":
        yield from _doubt_pictures(modality, [array.shape for array in arrays if array.ndim == 3])


def _doubt_vectors(modality: str, arrays: Sequence[NDArray[Any]]) -> Iterator[Doubt]:
    size = max(map(len, arrays), default=0)
    if size >= _LONG or (size >= _LONG // 10 and median(map(_order, arrays)) > _ORDERED):
        yield Doubt(
            f"{modality}: taken for features of {size} numbers; if it is a signal, set "
            f"data.preprocessing.{modality}.kind=signal"
        )


def _doubt_matrices(modality: str, kind: str, arrays: Sequence[NDArray[Any]]) -> Iterator[Doubt]:
    """Channels before steps."""
    wide = [array for array in arrays if array.shape[1] > array.shape[0]]
    if not wide or 2 * len(wide) <= len(arrays):
        return
    along, across = (median(_order(array.T if turned else array) for array in wide) for turned in (False, True))
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


def _order(array: NDArray[Any]) -> float:
    """Mean correlation of neighbours along the last axis, over rows; 0 where nothing varies."""
    rows = np.atleast_2d(array.astype(np.float64))
    centred = rows - rows.mean(axis=1, keepdims=True)
    power = (centred**2).sum(axis=1)
    if rows.shape[1] < 2 or not power.any():
        return 0.0
    return float(((centred[:, 1:] * centred[:, :-1]).sum(axis=1)[power > 0] / power[power > 0]).mean())
