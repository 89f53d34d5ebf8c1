"""White noise on the preprocessed array, by its standard deviation."""

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..preprocessing import Preprocessing
from .base import NUMBERS, PreprocessedCorruption, check_not_negative, to_float


@attrs.frozen
class GaussianNoise(PreprocessedCorruption):
    """Adds Gaussian noise after normalisation: to images, signals, features, and sound as the encoder gets it.

    Args:
        std: in the unit of the preprocessed array; 1 is the training set's own standard deviation where the
            preprocessing normalises.

    Example:
        >>> print(GaussianNoise(std=0.3, seed=1))
        gaussian_noise(std=0.3, seed=1)
    """

    name: ClassVar[str] = "gaussian_noise"
    kinds: ClassVar[frozenset[str]] = NUMBERS
    severity_argument: ClassVar[str] = "std"
    severities: ClassVar[tuple[float, float, float, float, float]] = (0.1, 0.3, 0.5, 1.0, 2.0)

    std: float = attrs.field(converter=to_float, validator=check_not_negative)

    def corrupt(
        self, values: NDArray[Any], preprocessing: Preprocessing, generator: np.random.Generator
    ) -> NDArray[Any]:
        """The array plus noise."""
        noise = generator.standard_normal(values.shape, dtype=np.float32)
        noisy: NDArray[Any] = values + np.float32(self.std) * noise
        return noisy
