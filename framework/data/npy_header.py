"""What a .npy says of its array, and the array, which is not copied."""

import math
from io import BufferedIOBase, BytesIO
from tokenize import TokenError
from typing import Any, Final, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .decoding_limit import check_decoded_size

_DAMAGE: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TokenError,
    TypeError,
    ValueError,
    Warning,
)
"""What reading a damaged header raises: numpy evaluates it as a literal of Python, whatever that may be."""

_MAX_AXES: Final = 32
_MAX_BYTES: Final = 2**63
"""Numpy counts them in 64 bits, with a sign; also where there are none, as one of the sizes is zero."""

_SHOWN: Final = 200
"""Characters of a header that an error shows at most."""


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

    @property
    def nbytes(self) -> int:
        """Bytes of the values."""
        return self.size * self.dtype.itemsize


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
        reason = _shortened(str(error)) or "a header that cannot be parsed."
        raise DataError(f"expected an array of numbers (.npy), but found: {reason}") from error
    if dtype.kind not in "biufc" or not _could_be(shape, dtype.itemsize):
        found = f"one of {_shortened(str(dtype))}, of shape {_shown(shape)}"
        raise DataError(f"expected an array of numbers, but found {found}.")
    return NpyHeader(shape, "F" if columns_first else "C", dtype)


def parse_npy(data: bytes, max_bytes: int | None = None) -> NDArray[Any]:
    """The array of a .npy's content, whose memory it shares.

    Raises:
        DataError: if it is damaged or truncated, holds something else than numbers, or is larger than `max_bytes` (see
            `check_decoded_size`).
    """
    stream = BytesIO(data)
    header = read_npy_header(stream)
    start = stream.tell()
    check_decoded_size(header.nbytes, "", f"an array of shape {header.shape}", max_bytes)
    missing = header.nbytes - len(data) + start
    if missing > 0:
        raise DataError(f"expected {missing} more bytes, as its header says: the file is truncated.")
    values = np.frombuffer(data, header.dtype, header.size, start)
    return values.reshape(header.shape, order=header.order)


def _could_be(shape: tuple[int, ...], itemsize: int) -> bool:
    """Whether numpy can have arrays of a shape at all."""
    counted = math.prod(max(size, 1) for size in shape) * itemsize
    # In a header, True passes for a whole number.
    are_sizes = all(type(size) is int and size >= 0 for size in shape)
    return len(shape) <= _MAX_AXES and are_sizes and counted < _MAX_BYTES


def _shown(shape: tuple[int, ...]) -> str:
    try:
        return _shortened(str(shape)) if len(shape) <= _MAX_AXES else f"{_shortened(str(shape))} ({len(shape)} axes)"
    except ValueError:
        # Python does not write out a number of thousands of digits.
        return "with a size of thousands of digits"


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
