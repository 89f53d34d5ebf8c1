"""A bootstrap that draws groups of rows, such as all of one speaker, in place of rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .intervals import Confidence


def draw_group_counts(
    groups: Sequence[str | None], confidence: Confidence, generator: np.random.Generator | None = None
) -> NDArray[np.int64]:
    """How often each row is drawn in each resample, `(resamples, N)`, rows of one group together.

    Rows of one group are alike: as many independent ones would tell more. A row without a group is one by itself.
    Resamples hold as many groups as there are, and more or fewer rows.

    Args:
        groups: of each row.
        confidence: number of resamples and seed.
        generator: draws in place of the seed's, so that two sides are not drawn alike.

    Raises:
        ValueError: if there are no rows.

    Example:
        >>> counts = draw_group_counts(["a", "a", None], Confidence(resamples=5))
        >>> counts.shape, bool((counts[:, 0] == counts[:, 1]).all()), bool((counts[:, 1:].sum(axis=1) == 2).all())
        ((5, 3), True, True)
    """
    if not len(groups):
        raise ValueError("groups must be of one row at least, but are of none.")
    names = [f"row {row}" if group is None else f"group {group}" for row, group in enumerate(groups)]
    _, members = np.unique(names, return_inverse=True)
    kinds = int(members.max()) + 1
    generator = generator or confidence.generator()
    drawn = generator.multinomial(kinds, np.full(kinds, 1 / kinds), size=confidence.resamples)
    counts: NDArray[np.int64] = drawn[:, members]
    return counts


def count_groups(groups: Sequence[str | None]) -> int | None:
    """How many groups rows come from; None where no row names one.

    Example:
        >>> count_groups(["a", "a", None]), count_groups([None, None])
        (2, None)
    """
    named = {group for group in groups if group is not None}
    return len(named) + sum(group is None for group in groups) if named else None
