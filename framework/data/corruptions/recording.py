"""Noise on a recording's channels."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded


def add_to_channels(
    decoded: Decoded, std: Callable[[NDArray[np.float32]], float], generator: np.random.Generator
) -> NDArray[Any]:
    """A recording plus the same white noise in each channel.

    Args:
        decoded: `(T,)` or `(T, channels)`.
        std: standard deviation of the noise, from the mean of the channels `(T,)`.
        generator: of the noise.

    Raises:
        DataError: if it is no recording of finite numbers.
    """
    recording = decoded.array()
    if recording.ndim not in {1, 2} or recording.size == 0:
        raise DataError(f"{decoded.name}: expected a recording (time, channels), but found shape {recording.shape}.")
    if not np.isfinite(recording).all():
        raise DataError(f"{decoded.name}: expected finite numbers, but found others.")
    waveform = (recording if recording.ndim == 1 else recording.mean(axis=1)).astype(np.float32)
    noise = np.float32(std(waveform)) * generator.standard_normal(waveform.shape, dtype=np.float32)
    noisy: NDArray[Any] = recording + (noise if recording.ndim == 1 else noise[:, np.newaxis])
    return noisy
