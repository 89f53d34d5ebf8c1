"""White noise on a recording, by its standard deviation."""

from typing import ClassVar

import attrs
import numpy as np

from ..decoding import Decoded
from .base import DecodedCorruption, check_not_negative, to_float
from .recording import add_to_channels


@attrs.frozen
class AudioNoise(DecodedCorruption):
    """Adds Gaussian noise to a recording.

    All channels get the same noise, so that their mean, which the preprocessing takes, has noise of this strength.

    Args:
        std: where 1 is full scale, the loudest that a file can hold.
        clip: whether values beyond full scale are cut off, as a recorder would.
    """

    name: ClassVar[str] = "audio_noise"
    kinds: ClassVar[frozenset[str]] = frozenset({"audio"})
    severity_argument: ClassVar[str] = "std"
    severities: ClassVar[tuple[float, float, float, float, float]] = (0.005, 0.01, 0.02, 0.05, 0.1)

    std: float = attrs.field(converter=to_float, validator=check_not_negative)
    clip: bool = attrs.field(default=False, validator=attrs.validators.instance_of(bool))

    def corrupt(self, decoded: Decoded, generator: np.random.Generator) -> Decoded:
        """The recording plus noise.

        Raises:
            DataError: if it is no recording.
        """
        noisy = add_to_channels(decoded, lambda _: self.std, generator)
        return attrs.evolve(decoded, value=noisy.clip(-1, 1) if self.clip else noisy)
