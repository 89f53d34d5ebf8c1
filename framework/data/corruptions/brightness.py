"""Pictures made darker or brighter."""

from typing import ClassVar

import attrs
import numpy as np

from ..decoding import Decoded
from .base import DecodedCorruption, check_not_negative, to_float
from .pixels import change_pixels


@attrs.frozen
class Brightness(DecodedCorruption):
    """Multiplies a picture's bytes; nothing in it is random.

    Args:
        factor: 0.1 leaves a tenth of the brightness; above 1, what would exceed white is white.

    Example:
        >>> picture = Decoded("image", np.array([[0, 100, 250]], dtype=np.uint8))
        >>> Brightness(factor=0.1).corrupt(picture, np.random.default_rng(0)).value.tolist()
        [[0, 10, 25]]
    """

    name: ClassVar[str] = "brightness"
    kinds: ClassVar[frozenset[str]] = frozenset({"image"})
    severity_argument: ClassVar[str] = "factor"
    severities: ClassVar[tuple[float, float, float, float, float]] = (0.7, 0.5, 0.3, 0.2, 0.1)

    factor: float = attrs.field(converter=to_float, validator=check_not_negative)

    def corrupt(self, decoded: Decoded, generator: np.random.Generator) -> Decoded:
        """The picture, darker or brighter.

        Raises:
            DataError: if it is no picture.
        """
        return change_pixels(decoded, lambda pixels: np.float32(self.factor) * pixels)
