"""Timing of several pieces of code against one of them, in one process, in turns.

A machine is never quiet, so absolute times of two runs say little. Here all contestants take a turn in every round, in
a new order, and a ratio is taken within a round: a change of load hits both.
"""

import gc
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np
import torch
from acclimate.framework.runs.environment import describe_environment


@attrs.frozen
class Contestant:
    """A piece of code to time.

    Args:
        name: stands in the report.
        run: one call is timed.
        prepare: is called before each turn, and not timed.
    """

    name: str
    run: Callable[[], object]
    prepare: Callable[[], object] | None = None


@attrs.frozen
class Ratio:
    """Median over rounds of the ratio within a round, and its quartiles."""

    median: float
    lower: float
    upper: float

    def __str__(self) -> str:
        numbers = (self.median, self.lower, self.upper)
        median, lower, upper = (f"{number:.2f}" if number >= 0.1 else f"{number:.1g}" for number in numbers)
        return f"{median} ({lower} - {upper})"


CLOCKS: Final[Mapping[str, Callable[[], float]]] = {"wall": time.perf_counter, "cpu": time.process_time}
"""What is counted: the time that passes, or this process's on all its cores, for a machine that others use too."""


def race(
    contestants: Sequence[Contestant],
    *,
    rounds: int,
    warmup: int = 2,
    calls: int = 1,
    seed: int = 0,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds per call, by contestant and round.

    Args:
        contestants: take turns, in a new order each round.
        rounds: that are counted.
        warmup: rounds before these.
        calls: calls in a turn, for code so short that the caches of the one before would count.
        seed: of the orders.
        clock: gives seconds, see `CLOCKS`.

    Raises:
        ValueError: if two contestants bear one name, or there is no round.
    """
    times: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    if len(times) < len(contestants):
        raise ValueError(f"contestants must have different names, but got {[one.name for one in contestants]}.")
    if rounds < 1 or warmup < 0 or calls < 1:
        raise ValueError(f"rounds and calls must be positive, but got {rounds} and {calls}, after {warmup} to warm up.")
    order = list(contestants)
    shuffled = random.Random(seed)  # noqa: S311 - no secret
    # The collector would stop whoever's turn it is, for what all have left behind.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for number in range(-warmup, rounds):
            shuffled.shuffle(order)
            for contestant in order:
                if contestant.prepare is not None:
                    contestant.prepare()
                seconds = _time(contestant.run, calls, clock)
                if number >= 0:
                    times[contestant.name].append(seconds)
            gc.collect()
    finally:
        gc.enable()
        gc.unfreeze()
    return times


def _time(run: Callable[[], object], calls: int, clock: Callable[[], float]) -> float:
    start = clock()
    for _ in range(calls):
        run()
    return (clock() - start) / calls


def ratio(times: Mapping[str, Sequence[float]], name: str, base: str) -> Ratio:
    """How many times as long as the base a contestant takes.

    Example:
        >>> ratio({"ours": [2.0, 3.0, 8.0], "theirs": [1.0, 2.0, 8.0]}, "ours", "theirs").median
        1.5
    """
    ratios = np.asarray(times[name]) / np.asarray(times[base])
    lower, median, upper = np.quantile(ratios, [0.25, 0.5, 0.75]).tolist()
    return Ratio(median, lower, upper)


def milliseconds(seconds: Sequence[float]) -> float:
    """The median, in ms."""
    return 1e3 * float(np.median(seconds))


def extra_milliseconds(times: Mapping[str, Sequence[float]], name: str, base: str) -> float:
    """Median over rounds of how many ms more than the base a contestant takes."""
    return milliseconds((np.asarray(times[name]) - np.asarray(times[base])).tolist())


def describe_machine() -> dict[str, Any]:
    """Versions, processor, and how busy the machine is: with a load above 1 it is not for absolute times."""
    return {**describe_environment(), "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None}


def use_threads(threads: int) -> None:
    """Let torch use so many threads; what else is timed here uses one.

    Raises:
        ValueError: if it is not positive.
    """
    if threads < 1:
        raise ValueError(f"threads must be positive, but got {threads}.")
    torch.set_num_threads(threads)


def to_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
