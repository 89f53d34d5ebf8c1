"""How far off a score may be that was measured on so many samples."""

from math import sqrt
from statistics import NormalDist
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen
class Interval:
    """From where to where a score may lie."""

    low: float
    high: float


@attrs.frozen(kw_only=True)
class Confidence:
    """How intervals are made. They take samples as independent of each other.

    Args:
        level: share of such intervals that hold the score of all samples there could be, between 0 and 1.
        resamples: how often a bootstrap draws as many samples as there are, with replacement.
        seed: of these draws; each interval begins anew, so that it does not depend on the others.
    """

    level: float = attrs.field(default=0.95)
    resamples: int = attrs.field(default=1000)
    seed: int = attrs.field(default=0)

    @level.validator
    def _check_level(self, _: object, value: float) -> None:
        if not 0 < value < 1:
            raise ValueError(f"level must be between 0 and 1, but got {value}.")

    @resamples.validator
    def _check_resamples(self, _: object, value: int) -> None:
        if value < 1:
            raise ValueError(f"resamples must be positive, but got {value}.")

    @seed.validator
    def _check_seed(self, _: object, value: int) -> None:
        if value < 0:
            raise ValueError(f"seed must not be negative, but got {value}.")

    def generator(self) -> np.random.Generator:
        """A fresh one."""
        return np.random.default_rng(self.seed)


def wilson_interval(successes: int, samples: int, level: float) -> Interval:
    """Interval of a share, such as an accuracy (Wilson, JASA 1927): it has a width where all or none succeed, too.

    Args:
        successes: how many of the samples are right.
        samples: at least one.
        level: between 0 and 1.

    Raises:
        ValueError: if there are no samples, or not from none to all of them succeed.

    Example:
        >>> found = wilson_interval(9, 10, level=0.95)
        >>> round(found.low, 3), round(found.high, 3)
        (0.596, 0.982)
    """
    if not 0 <= successes <= samples or not samples:
        raise ValueError(f"successes must be from 0 to a positive number of samples, but got {successes}, {samples}.")
    z, share = NormalDist().inv_cdf((1 + level) / 2), successes / samples
    shrink = 1 + z * z / samples
    centre = (share + z * z / (2 * samples)) / shrink
    half = z / shrink * sqrt(share * (1 - share) / samples + z * z / (4 * samples * samples))
    # Rounding must not leave the share, which may be 0 or 1, outside.
    return Interval(max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))


def percentile_interval(values: NDArray[np.floating[Any]], level: float) -> Interval:
    """The middle of what a bootstrap found.

    Args:
        values: a score of each resample.
        level: share of the values between both ends.

    Example:
        >>> percentile_interval(np.arange(101.0), level=0.5)
        Interval(low=25.0, high=75.0)
    """
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
