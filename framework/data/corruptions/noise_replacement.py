"""Samples of which nothing is left but noise."""

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..preprocessing import Preprocessing
from .base import NUMBERS, PreprocessedCorruption, check_not_negative, to_float


@attrs.frozen
class NoiseReplacement(PreprocessedCorruption):
    """Puts Gaussian noise in a sample's place, after normalisation.

    By severity it is the share of the rows that are replaced which grows.

    Args:
        std: in the unit of the preprocessed array; where the preprocessing normalises, 1 gives noise with the training
            set's own mean and standard deviation in each channel.
    """

    name: ClassVar[str] = "noise_replacement"
    kinds: ClassVar[frozenset[str]] = NUMBERS
    severity_argument: ClassVar[str] = "share"
    severities: ClassVar[tuple[float, float, float, float, float]] = (0.2, 0.4, 0.6, 0.8, 1.0)

    std: float = attrs.field(default=1.0, converter=to_float, validator=check_not_negative)

    def corrupt(
        self, values: NDArray[Any], preprocessing: Preprocessing, generator: np.random.Generator
    ) -> NDArray[Any]:
        """Noise of the same shape."""
        return np.float32(self.std) * generator.standard_normal(values.shape, dtype=np.float32)
