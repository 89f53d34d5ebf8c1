"""How strong noise is against a signal."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def noise_std(signal: NDArray[Any], snr_db: float) -> float:
    r"""Standard deviation of the noise that gives a signal-to-noise ratio.

    $\sigma = \sqrt{P \cdot 10^{-\mathrm{SNR}/10}}$, where $P$ is the mean of the signal's squares.

    Args:
        signal: of any shape, not empty.
        snr_db: in decibels.

    Example:
        >>> noise_std(np.array([3.0, -3.0]), snr_db=0.0), round(noise_std(np.array([3.0, -3.0]), snr_db=20.0), 6)
        (3.0, 0.3)
    """
    power = np.mean(np.square(signal, dtype=np.float64))
    return float(np.sqrt(power * 10 ** (-snr_db / 10)))
