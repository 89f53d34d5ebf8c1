"""White noise on a picture's pixels, before normalisation."""

from typing import ClassVar

import attrs
import numpy as np

from ..decoding import Decoded
from .base import DecodedCorruption, check_not_negative, to_float
from .pixels import change_pixels


@attrs.frozen
class PixelNoise(DecodedCorruption):
    """Adds Gaussian noise to each byte of a picture, which stays one of bytes: rounded, and cut off at black and white.

    Args:
        std: where 1 is the distance from black to white.
    """

    name: ClassVar[str] = "pixel_noise"
    kinds: ClassVar[frozenset[str]] = frozenset({"image"})
    severity_argument: ClassVar[str] = "std"
    # The Gaussian noise of ImageNet-C (Hendrycks and Dietterich, ICLR 2019).
    severities: ClassVar[tuple[float, float, float, float, float]] = (0.08, 0.12, 0.18, 0.26, 0.38)

    std: float = attrs.field(converter=to_float, validator=check_not_negative)

    def corrupt(self, decoded: Decoded, generator: np.random.Generator) -> Decoded:
        """The picture plus noise.

        Raises:
            DataError: if it is no picture.
        """
        std = np.float32(255 * self.std)
        return change_pixels(decoded, lambda pixels: pixels + std * generator.standard_normal(pixels.shape, np.float32))
