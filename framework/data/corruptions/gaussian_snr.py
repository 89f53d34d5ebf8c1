"""White noise on the preprocessed array, by its ratio to the signal."""

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..preprocessing import Preprocessing
from .base import NUMBERS, PreprocessedCorruption, check_finite, to_float
from .decibels import noise_std


@attrs.frozen
class GaussianSNR(PreprocessedCorruption):
    """Adds Gaussian noise after normalisation, as strong as a signal-to-noise ratio says of each sample.

    The signal's power is the mean of the sample's squared values, of all channels; a sample of zeros stays as it is.

    Args:
        snr_db: 10 log10 of the signal's power over the noise's.
    """

    name: ClassVar[str] = "gaussian_snr"
    kinds: ClassVar[frozenset[str]] = NUMBERS
    severity_argument: ClassVar[str] = "snr_db"
    severities: ClassVar[tuple[float, float, float, float, float]] = (20.0, 10.0, 5.0, 0.0, -5.0)

    snr_db: float = attrs.field(converter=to_float, validator=check_finite)

    def corrupt(
        self, values: NDArray[Any], preprocessing: Preprocessing, generator: np.random.Generator
    ) -> NDArray[Any]:
        """The array plus noise."""
        noise = generator.standard_normal(values.shape, dtype=np.float32)
        noisy: NDArray[Any] = values + np.float32(noise_std(values, self.snr_db)) * noise
        return noisy
