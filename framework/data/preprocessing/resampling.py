"""Sound at another sampling rate; needs soxr."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding_limit import check_decoded_size

MAX_RATIO: Final = 64
"""Of two sampling rates, at most: 8 kHz becomes 48 kHz, but no file that claims 1 Hz becomes anything."""


def resample(waveform: NDArray[np.float32], sampling_rate: int, wanted: int, name: str) -> NDArray[np.float32]:
    """A waveform at another sampling rate, without what that rate cannot hold (soxr's high quality).

    Args:
        waveform: `(T,)`.
        sampling_rate: its own, in Hz.
        wanted: in Hz.
        name: what errors call the file.

    Raises:
        DataError: if soxr is not installed, the rates are too far apart, or the sound would be too long, or no sample.
    """
    if max(sampling_rate, wanted) > MAX_RATIO * min(sampling_rate, wanted):
        raise DataError(
            f"{name}: expected a sampling rate of {wanted} Hz, or one within {MAX_RATIO} times that, but found "
            f"{sampling_rate} Hz."
        )
    length = resampled_length(len(waveform), sampling_rate, wanted)
    check_decoded_size(4 * length, name, f"{length:,} samples at {wanted} Hz")
    resampled: NDArray[np.float32] = _soxr().resample(waveform, sampling_rate, wanted).astype(np.float32, copy=False)
    if not len(resampled):
        raise DataError(f"{name}: expected sound of a sample at {wanted} Hz, but found {len(waveform)} of its own.")
    return resampled


def resampled_length(length: int, sampling_rate: int, wanted: int) -> int:
    """Samples that so many become, but for one more or less."""
    return -(-length * wanted // sampling_rate)


def _soxr() -> Any:  # noqa: ANN401 - the library is imported late
    try:
        import soxr
    except ImportError as error:
        raise DataError("resampling needs the library soxr: pip install acclimate[resample]") from error
    return soxr
