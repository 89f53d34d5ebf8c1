"""Maps that are known on what sensors give, as maps of what the preprocessing makes of it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..data.input_maps import Affine
from ..data.preprocessing import Preprocessing
from ..errors import DataError


def channel_axis(preprocessing: Preprocessing) -> int:
    """Along which axis of a sample's array the channels lie: the last of frames, the first of all others."""
    return len(preprocessing.shape) - 1 if preprocessing.kind == "sequence" else 0


def moments(preprocessing: Preprocessing) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation by channel that a preprocessing takes off.

    Raises:
        DataError: if it takes none off.
    """
    mean, std = getattr(preprocessing, "mean", None), getattr(preprocessing, "std", None)
    if mean is None or std is None:
        raise DataError(f"maps of channels are for inputs that are normalised, but {preprocessing.kind} is not.")
    return np.atleast_1d(np.array(mean, np.float64)), np.atleast_1d(np.array(std, np.float64))


def carry_over(
    name: str,
    matrix: NDArray[np.float64] | Sequence[Sequence[float]],
    offset: NDArray[np.float64] | Sequence[float],
    preprocessing: Preprocessing,
) -> Affine:
    r"""The map of prepared values that stands for `y = A x + b` of the values as they were.

    With `x' = (x - m) / s`, the preprocessing of x, it is
    \[ y' = diag(1/s) A diag(s) x' + (A m + b - m) / s. \]

    Args:
        name: What it does, in words.
        matrix: A, `(C, C)`.
        offset: b, `(C,)`.
        preprocessing: Knows m and s.

    Raises:
        DataError: if it takes off no mean.

    Example:
        >>> from acclimate.framework.data.preprocessing import FeaturesPreprocessing
        >>> preprocessing = FeaturesPreprocessing(mean=[1.0, 2.0], std=[1.0, 4.0])
        >>> carry_over("exchanged", [[0, 1], [1, 0]], [0, 0], preprocessing)
        Affine(name='exchanged', matrix=((0.0, 4.0), (0.25, 0.0)), offset=(1.0, -0.25), axis=0)
    """
    mean, std = moments(preprocessing)
    full = np.asarray(matrix, np.float64)
    weights = full * std / std[:, np.newaxis]
    shift = (full @ mean + np.asarray(offset, np.float64) - mean) / std
    axis = channel_axis(preprocessing)
    diagonal = bool((weights == np.diag(np.diag(weights))).all())
    return Affine(name, np.diag(weights).tolist() if diagonal else weights.tolist(), shift.tolist(), axis)


def decibels(factor: float) -> str:
    """A gain in words.

    Example:
        >>> decibels(0.5)
        '6 dB lower'
    """
    level = 20 * math.log10(factor)
    return f"{abs(level):.0f} dB {'louder' if level > 0 else 'lower'}"
