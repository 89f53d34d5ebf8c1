"""Samples that lose a modality."""

from typing import ClassVar

import attrs

from .base import NUMBERS, Corruption, Stage


@attrs.frozen
class Drop(Corruption):
    """Takes a modality away from a share of the rows, all but those that have no other.

    It empties cells, which is how a table says that a modality is missing; no cell ever names it.
    """

    name: ClassVar[str] = "drop"
    stage: ClassVar[Stage] = "table"
    kinds: ClassVar[frozenset[str]] = NUMBERS
    severity_argument: ClassVar[str] = "share"
    severities: ClassVar[tuple[float, float, float, float, float]] = (0.2, 0.4, 0.6, 0.8, 1.0)
