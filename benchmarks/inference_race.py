"""Candidates that take turns on one batch, torch's and sessions, so that none pays for the one before."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

import attrs
import numpy as np
from acclimate.framework.data.arrays import Arrays
from inference_candidates import Candidate, OneGraph, Run
from inference_report import spread
from interleaved import Contestant, Ratio, race, ratio

REST: Final = 0.05
"""Seconds before each turn. Threads of OpenMP, which torch uses, spin for some milliseconds after their work."""

TOLERANCE: Final = 1e-3
"""What answers in float32 may differ by: else two candidates would not compute the same."""


@attrs.frozen
class Pace:
    """How often something is timed.

    Args:
        rounds: in which all take turns.
        calls: in a turn.
    """

    rounds: int
    calls: int

    @classmethod
    def of(cls, batch: int, rounds: int | None, most: int = 24) -> "Pace":
        """Fewer the longer a call takes; `rounds`, where given, replaces their number."""
        return cls(rounds or max(5, most // (1 + batch // 8)), max(1, 16 // batch))


@attrs.frozen
class Row:
    """Result of one candidate.

    Args:
        batch: rows.
        present: the modalities that they have.
        name: of the candidate.
        milliseconds: of a call.
        times_as_fast: as the first candidate of its race.
        difference: of its answer, largest, from that of the first.
    """

    batch: int
    present: str
    name: str
    milliseconds: Ratio
    times_as_fast: Ratio
    difference: float | None


@attrs.frozen
class Race:
    """Times of all candidates in turns, and the rows of the report.

    Args:
        times: seconds by candidate and round.
        rows: by candidate.
    """

    times: Mapping[str, Sequence[float]]
    rows: Mapping[str, Row]


def run_race(
    candidates: Sequence[Candidate], rows: Arrays, present: str, pace: Pace, tolerance: float = TOLERANCE
) -> Race:
    """Time candidates on a batch; those that give the joint logits must agree with the first.

    Raises:
        RuntimeError: if one answers something else.
    """
    runs = {candidate.name: candidate.open(rows) for candidate in candidates}
    base = candidates[0].name
    expected = runs[base]()
    differences: dict[str, float | None] = {}
    for candidate in candidates:
        found = None if isinstance(candidate, OneGraph) else float(np.abs(runs[candidate.name]() - expected).max())
        if found is not None and not found <= tolerance:
            raise RuntimeError(f"{candidate.name} must answer as {base} does, but differs by {found:.1e}.")
        differences[candidate.name] = found
    contestants = [Contestant(name, run, partial(_settle, run, pace)) for name, run in runs.items()]
    times = race(contestants, rounds=pace.rounds, warmup=1, calls=pace.calls)
    rows_by_name = {
        name: Row(len(rows), present, name, spread(times[name], 1e3), ratio(times, base, name), differences[name])
        for name in runs
    }
    return Race(times, rows_by_name)


def _settle(run: Run, pace: Pace) -> None:
    time.sleep(REST)
    # Where a turn is short, its first call would pay for caches that others have filled and threads that must wake up.
    if pace.calls > 1:
        run()
