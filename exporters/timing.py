"""Median times of several pieces of code, taken in turns, so that a change of load hits all of them."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Final

SECONDS: Final = 0.5
"""That all rounds may take together; a few rounds are run however long they take."""

FEWEST, MOST = 3, 50
"""Rounds."""


def time_in_turns(runs: Sequence[Callable[[], object]], seconds: float = SECONDS) -> list[float]:
    """Median seconds a call, after one call of each that does not count.

    Example:
        >>> fast, slow = time_in_turns([lambda: sum(range(10)), lambda: sum(range(100_000))])
        >>> fast < slow
        True
    """
    for run in runs:
        run()
    times: list[list[float]] = [[] for _ in runs]
    end = time.perf_counter() + seconds
    for number in range(MOST):
        if number >= FEWEST and time.perf_counter() > end:
            break
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append(time.perf_counter() - start)
    return [median(taken) for taken in times]
