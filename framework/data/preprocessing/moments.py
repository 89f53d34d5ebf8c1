"""Mean and standard deviation of data that do not fit into memory at once."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PIECE: Final = 2**22
"""Values that are added at once."""


class Moments:
    """Running mean and variance per column, joined chunk by chunk (Chan, Golub and LeVeque 1979).

    Example:
        >>> moments = Moments()
        >>> moments.add(np.array([[1.0], [3.0]]))
        >>> moments.add(np.array([[5.0]]))
        >>> moments.mean, round(moments.std[0], 3)
        ((3.0,), 1.633)
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean: NDArray[np.float64] = np.zeros(1)
        self._squares: NDArray[np.float64] = np.zeros(1)

    def add(self, chunk: NDArray[Any], *, divisor: float = 1.0) -> None:
        """Add the rows of a chunk `(rows, columns)`, divided by a number.

        A large chunk is added piece by piece, as each value takes eight bytes here, several times.
        """
        rows = max(1, PIECE // max(1, chunk.shape[1]))
        for start in range(0, len(chunk), rows):
            self._add(chunk[start : start + rows].astype(np.float64) / divisor)

    def _add(self, values: NDArray[np.float64]) -> None:
        mean = values.mean(axis=0)
        total = self._count + len(values)
        shift = mean - self._mean
        self._squares = self._squares + ((values - mean) ** 2).sum(axis=0)
        self._squares = self._squares + shift**2 * (self._count * len(values) / total)
        self._mean = self._mean + shift * (len(values) / total)
        self._count = total

    @property
    def mean(self) -> tuple[float, ...]:
        """Mean per column."""
        return tuple(float(value) for value in self._mean)

    @property
    def std(self) -> tuple[float, ...]:
        """Standard deviation per column; 1 where a column is constant but for rounding, so that one can divide."""
        std = np.sqrt(self._squares / self._count)
        constant = std <= 1e-6 * np.maximum(np.abs(self._mean), 1e-30)
        return tuple(float(value) for value in np.where(constant, 1.0, std))
