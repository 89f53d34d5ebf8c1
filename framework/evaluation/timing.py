"""Several pieces of code timed in turns, so that what changes on the machine meanwhile changes all of them alike."""

import timeit
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

WARM_UP: Final = 3
"""Calls before the first that counts: a runtime takes memory, and may choose among algorithms, while it is new."""


def time_in_turns(
    calls: Sequence[Callable[[], object]], seconds: float, rounds: tuple[int, int], generator: np.random.Generator
) -> NDArray[np.float64]:
    """Seconds of each call, `(rounds, calls)`, after calls that do not count; in another order each round.

    Args:
        calls: what is timed.
        seconds: after which no new round begins, once there are enough.
        rounds: how many there are at least, however long they take, and at most.
        generator: draws the order.

    Example:
        >>> calls = [lambda: sum(range(10)), lambda: sum(range(100_000))]
        >>> fast, slow = np.median(time_in_turns(calls, 0.1, (3, 50), np.random.default_rng(0)), axis=0)
        >>> bool(fast < slow)
        True
    """
    for call in calls:
        for _ in range(WARM_UP):
            call()
    at_least, at_most = rounds
    found: list[NDArray[np.float64]] = []
    start = perf_counter()
    while len(found) < at_least or (len(found) < at_most and perf_counter() - start < seconds):
        taken = np.empty(len(calls))
        for position in generator.permutation(len(calls)):
            # timeit keeps the garbage collector out.
            taken[position] = timeit.timeit(calls[position], number=1)
        found.append(taken)
    return np.stack(found)
