"""The shift of A3D2 and Boomda: one corpus, divided into two halves at random, of which one is corrupted afterwards."""

from collections.abc import Iterable, Sequence
from typing import Final

import attrs
import numpy as np

from ..row import Row

SOURCE: Final = "source"
TARGET: Final = "target"


def divide(rows: Sequence[Row], seed: int) -> list[Row]:
    """Put one half of the rows of each split into the domain `source`, the other into `target`.

    The papers "split it evenly and randomly into two subsets". Where a split has an odd number of rows, the source has
    one more.

    Args:
        rows: of one corpus; their domains are replaced.
        seed: of the draw; the same seed gives the same halves.

    Returns:
        The rows in their order.
    """
    generator = np.random.default_rng(seed)
    source: set[int] = set()
    for split in _in_order(row.split for row in rows):
        members = [index for index, row in enumerate(rows) if row.split == split]
        drawn = generator.permutation(len(members))[: (len(members) + 1) // 2]
        source.update(members[position] for position in drawn)
    return [attrs.evolve(row, domain=SOURCE if index in source else TARGET) for index, row in enumerate(rows)]


def _in_order(names: Iterable[str]) -> list[str]:
    return sorted(set(names))
