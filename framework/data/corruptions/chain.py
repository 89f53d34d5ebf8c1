"""Corruptions of one cell, one after the other."""

from functools import lru_cache
from typing import TypeAlias

from ...errors import DataError
from .base import Corruption
from .calls import parse_calls
from .registry import make_corruption

Chain: TypeAlias = tuple[Corruption, ...]
"""What a cell of a column `corrupt.<modality>` says. Those that act on the decoded file come first in any case."""


@lru_cache(maxsize=4096)
def parse_chain(cell: str) -> Chain:
    """Read a cell of a column `corrupt.<modality>`.

    Raises:
        DataError: if it cannot be read, or names a corruption or an argument that is unknown or wrong.

    Example:
        >>> [str(corruption) for corruption in parse_chain("brightness(factor=0.2) + gaussian_noise(std=1, seed=3)")]
        ['brightness(factor=0.2, seed=0)', 'gaussian_noise(std=1.0, seed=3)']
    """
    chain = tuple(make_corruption(call.name, call.arguments) for call in parse_calls(cell))
    for corruption in chain:
        if corruption.stage == "table":
            raise DataError(f"{corruption.name} empties the cell itself, so it cannot be named beside one.")
    return chain


def write_chain(chain: Chain) -> str:
    """The cell that `parse_chain` reads."""
    return " + ".join(map(str, chain))


def check_kind(chain: Chain, kind: str) -> None:
    """Compare what corruptions fit with what a modality is.

    Args:
        chain: the corruptions.
        kind: of the modality's preprocessing.

    Raises:
        DataError: if one does not fit.
    """
    for corruption in chain:
        if not corruption.fits(kind):
            raise DataError(f"{corruption.name} is for {corruption.fitting()}, but this is {kind}.")
