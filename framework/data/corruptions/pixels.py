"""Pictures of bytes, with other bytes."""

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..decoding import Decoded
from ..preprocessing.image import to_pixels


def change_pixels(decoded: Decoded, change: Callable[[NDArray[np.float32]], NDArray[Any]]) -> Decoded:
    """The same picture with other pixels, rounded to bytes and cut off at black and white.

    Args:
        decoded: `(H, W)` or `(H, W, channels)`, bytes.
        change: of numbers between 0 and 255.

    Raises:
        DataError: if it is no picture of bytes.
    """
    changed = change(to_pixels(decoded).astype(np.float32))
    pixels = changed.round().clip(0, 255).astype(np.uint8)
    return attrs.evolve(decoded, value=pixels.reshape(decoded.array().shape))
