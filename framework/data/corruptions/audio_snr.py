"""White noise on a recording, by its ratio to the signal."""

from typing import ClassVar

import attrs
import numpy as np

from ..decoding import Decoded
from .base import DecodedCorruption, check_finite, to_float
from .decibels import noise_std
from .recording import add_to_channels


@attrs.frozen
class AudioSNR(DecodedCorruption):
    """Adds Gaussian noise to a recording, as strong as a signal-to-noise ratio says of the whole of it.

    The ratio holds for the mean of the channels, which the preprocessing takes. Nothing is clipped, so that it does
    hold; silence stays silence.

    Args:
        snr_db: 10 log10 of the signal's power over the noise's.
    """

    name: ClassVar[str] = "audio_snr"
    kinds: ClassVar[frozenset[str]] = frozenset({"audio"})
    severity_argument: ClassVar[str] = "snr_db"
    severities: ClassVar[tuple[float, float, float, float, float]] = (20.0, 10.0, 5.0, 0.0, -5.0)

    snr_db: float = attrs.field(converter=to_float, validator=check_finite)

    def corrupt(self, decoded: Decoded, generator: np.random.Generator) -> Decoded:
        """The recording plus noise.

        Raises:
            DataError: if it is no recording.
        """
        noisy = add_to_channels(decoded, lambda waveform: noise_std(waveform, self.snr_db), generator)
        return attrs.evolve(decoded, value=noisy)
