"""Which rows to label by hand, so that a few labels tell as much as they can of candidates, without bias.

Where all candidates agree, no label tells them apart: rows are drawn in two strata, those on which candidates differ
and those on which they agree, at random within each and more of the former (stratified sampling; Cochran, "Sampling
techniques", 1977, chapter 5). Each row's chance to be drawn is known, and estimates are weighted by it.
"""

from collections.abc import Mapping
from math import ceil
from typing import Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..arguments import check_at_least
from ..consensus.opinion import Votes

LEAST: Final = 10
"""Labels that an audit asks for at least: intervals of fewer say nothing."""

_SHARE: Final = 0.75
"""Of the labels that go to rows on which candidates differ, where there are enough of them."""


@attrs.frozen(eq=False)
class AuditDesign:
    """Rows that were drawn.

    Args:
        rows: `(n,)`, their positions, in order.
        contested: `(n,)`, whether candidates differ there.
        sizes: rows that there are where candidates agree, and where they differ.
    """

    rows: NDArray[np.int64]
    contested: NDArray[np.bool_]
    sizes: tuple[int, int]

    @property
    def chances(self) -> NDArray[np.float64]:
        """How likely each row was to be drawn, `(n,)`."""
        found = np.empty(len(self.rows))
        for stratum, size in enumerate(self.sizes):
            drawn = self.contested == bool(stratum)
            found[drawn] = drawn.sum() / max(size, 1)
        return found


def draw_audit(predictions: Mapping[str, Votes], labels: int, generator: np.random.Generator) -> AuditDesign:
    """Draw the rows to label.

    Args:
        predictions: `(N,)` of each candidate; no label is looked at.
        labels: rows to draw; all, where there are no more.
        generator: draws.

    Raises:
        ValueError: if there are no candidates, they did not see the same rows, or `labels` is below 10.

    Example:
        >>> one, other = np.zeros(100, dtype=np.int64), np.repeat([0, 1], [60, 40])
        >>> design = draw_audit({"one": one, "other": other}, 20, np.random.default_rng(0))
        >>> design.sizes, int(design.contested.sum()), np.unique(design.chances).round(3)
        ((60, 40), 15, array([0.083, 0.375]))
    """
    check_at_least(LEAST, labels=labels)
    if len({votes.shape for votes in predictions.values()}) != 1:
        raise ValueError("predictions must be of one candidate at least, all of the same rows, but are not.")
    votes = np.stack(list(predictions.values()))
    differ = (votes != votes[0]).any(axis=0)
    agreed, contested = np.flatnonzero(~differ), np.flatnonzero(differ)
    wanted = min(labels, votes.shape[1])
    # None of both strata may go without labels, or nothing would be known of it.
    here = min(len(contested), max(ceil(_SHARE * wanted), wanted - len(agreed)), wanted - min(len(agreed), 2))
    drawn = [
        generator.choice(stratum, size=count, replace=False)
        for stratum, count in ((agreed, wanted - here), (contested, here))
    ]
    rows = np.sort(np.concatenate(drawn))
    return AuditDesign(rows, differ[rows], (len(agreed), len(contested)))
