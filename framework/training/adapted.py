"""What a run leaves."""

import attrs

from ..method import Method
from .monitor import Record


@attrs.frozen(eq=False)
class Adapted:
    """What a run leaves.

    Args:
        method: with the weights of the best checkpoint.
        history: what was measured after each epoch.
        best: the record of the best checkpoint.
        seconds: time that training took.
        finished: whether the run is at its end, and has not only paused.
    """

    method: Method
    history: tuple[Record, ...]
    best: Record
    seconds: float
    finished: bool = True
