"""How far a run is."""

from collections.abc import Mapping
from typing import Any

import attrs

from .monitor import Record


@attrs.define
class Progress:
    """Position in the plan of epochs, and what was measured on the way.

    Args:
        epoch: that is being trained, from 0.
        step: to be made next within the epoch.
        steps: made since the start.
        ends: what these were at the end of each epoch that is done. A run that an earlier version began has stages in
            epochs alone, and needs to know the number of these only.
        rows: samples of the target that the selector keeps in this round; None means all.
        history: records of the epochs that are done.
        best: position in `history` of the checkpoint that is kept.
        seconds: spent on training and measuring.
    """

    epoch: int = 0
    step: int = 0
    steps: int = 0
    rows: list[int] | None = None
    history: list[Record] = attrs.field(factory=list)
    best: int = 0
    seconds: float = 0.0
    ends: list[int] = attrs.field(factory=list)

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**attrs.asdict(self), "history": [record.to_json() for record in self.history]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Progress":
        """From plain data, of an earlier version too."""
        history = [Record.from_json(record) for record in data["history"]]
        return cls(**{"ends": [0] * data["epoch"], **data, "history": history})
