"""How often each row counts in each resample of a bootstrap, rows of one group together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..evaluation.intervals import Confidence


def draw_weights(groups: Sequence[str | None], rows: int, confidence: Confidence) -> NDArray[np.float64]:
    """Weights `(resamples, N)` of rows, each resample's sum 1: means are `weights @ values`.

    Args:
        groups: of each row; a row without one is a group by itself, and so are all where there are none.
        rows: N.
        confidence: number of resamples and seed.

    Example:
        >>> weights = draw_weights(["a", "a", None], 3, Confidence(resamples=5))
        >>> weights.shape, bool((weights[:, 0] == weights[:, 1]).all())
        ((5, 3), True)
    """
    names = [f"row {row}" if group is None else f"group {group}" for row, group in enumerate(groups)]
    _, members = np.unique(names or np.arange(rows), return_inverse=True)
    kinds = int(members.max()) + 1
    drawn = confidence.generator().multinomial(kinds, np.full(kinds, 1 / kinds), size=confidence.resamples)
    weights: NDArray[np.float64] = drawn[:, members].astype(np.float64)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights
