"""The same draws of rows of both sides for all that is estimated, so that models are compared on the same rows."""

from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from ..evaluation.group_bootstrap import count_groups, draw_group_counts
from ..evaluation.intervals import Confidence, Interval, percentile_interval
from .estimate import Estimate, Method
from .observation import Observation


@attrs.frozen(eq=False)
class Resamples:
    """How often each row is drawn.

    Args:
        source: `(resamples, n)`.
        target: `(resamples, N)`.
        noise: `(resamples,)`, standard normal, for what drawing rows again does not move.
        level: of intervals.
        rows: N.
        groups: of the target's rows.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    noise: NDArray[np.float64]
    level: float
    rows: int
    groups: int | None

    @classmethod
    def draw(cls, observation: Observation, confidence: Confidence) -> "Resamples":
        """Draw groups where rows have some, from one generator, the target first."""
        generator = confidence.generator()
        target = draw_group_counts(observation.target_groups, confidence, generator)
        source = draw_group_counts(observation.source_groups, confidence, generator)
        noise = generator.standard_normal(confidence.resamples)
        return cls(source, target, noise, confidence.level, target.shape[1], count_groups(observation.target_groups))

    def interval(self, values: NDArray[np.float64]) -> Interval:
        """Of a value that each resample has."""
        return percentile_interval(values, self.level)

    def estimate(self, method: Method, compute: Callable[[NDArray[np.int64], NDArray[np.int64]], float]) -> Estimate:
        """An estimate that is computed again on each resample.

        Args:
            method: its name.
            compute: takes positions of rows of the source and of the target, which may repeat.
        """
        everything = compute(np.arange(self.source.shape[1]), np.arange(self.rows))
        values = [
            compute(_repeat(source), _repeat(target)) for source, target in zip(self.source, self.target, strict=True)
        ]
        return Estimate(everything, self.interval(np.array(values)), method, self.rows, self.groups)


def _repeat(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts)), counts)
