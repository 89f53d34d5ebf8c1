"""Which rows a search looks at, and how a bootstrap draws them again."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..data.arrays import Arrays
from ..data.samples import Samples

MAX_BYTES: Final = 2**29
"""Of prepared inputs that a search holds in memory."""


def read_rows(samples: Samples, most: int, generator: np.random.Generator) -> Arrays:
    """Rows of a split, all of them where there are no more than `most`, else some that are drawn, in their order.

    Args:
        samples: Without labels.
        most: Fewer are taken where these would take more memory than `MAX_BYTES`.
        generator: Draws.
    """
    size = sum(
        int(np.prod(part.shape)) * np.dtype(part.dtype).itemsize for part in samples.schema.preprocessing.values()
    )
    count = min(len(samples), most, max(1, MAX_BYTES // size))
    positions = np.arange(len(samples))
    if count < len(samples):
        positions = np.sort(generator.permutation(len(samples))[:count])
    return samples.batch(positions.tolist())


def draw_weights(groups: Sequence[str | None], resamples: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """How often each row is drawn in each resample, `(resamples, N)`: rows of one group together, with replacement.

    Args:
        groups: Of each row, such as speakers; a row that has none is a group of its own.
        resamples: Of the bootstrap.
        generator: Draws.

    Example:
        >>> drawn = draw_weights(["a", "a", None], 100, np.random.default_rng(0))
        >>> bool((drawn[:, 0] == drawn[:, 1]).all()), bool((drawn.sum(axis=1) > 0).all())
        (True, True)
    """
    names = [f"group {group}" if group is not None else f"row {row}" for row, group in enumerate(groups)]
    _, where = np.unique(names, return_inverse=True)
    count = int(where.max()) + 1
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
    return drawn[:, where].astype(np.float64)
