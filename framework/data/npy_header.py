"""What a .npy says of its array, so that the array itself need not be copied."""

import math
from io import BufferedIOBase
from tokenize import TokenError
from typing import Any, Final, Literal

import attrs
import numpy as np

from ..errors import DataError

_DAMAGE: Final = (ValueError, EOFError, RecursionError, MemoryError, SyntaxError, TokenError)
"""What reading a damaged header raises."""


@attrs.frozen
class NpyHeader:
    """Shape, order and type of an array of numbers."""

    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)


def read_npy_header(stream: BufferedIOBase) -> NpyHeader:
    """Read the header of a .npy; the stream then stands at the first value.

    Raises:
        DataError: if it is damaged, or the array holds something else than numbers.

    Example:
        >>> import io
        >>> stream = io.BytesIO()
        >>> np.save(stream, np.zeros((2, 3), dtype=np.float32))
        >>> position = stream.seek(0)
        >>> read_npy_header(stream)
        NpyHeader(shape=(2, 3), order='C', dtype=dtype('float32'))
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, columns_first, dtype = read(stream)
    except _DAMAGE as error:
        raise DataError(f"expected an array of numbers (.npy), but found: {error}") from error
    if dtype.kind not in "biufc" or any(size < 0 for size in shape):
        raise DataError(f"expected an array of numbers, but found one of {dtype}, of shape {shape}.")
    return NpyHeader(shape, "F" if columns_first else "C", dtype)
