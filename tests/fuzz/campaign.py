"""Tries a reader on many mutated inputs, and says what came of them: each is taken, or refused in one line, at once."""

import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

import attrs
from acclimate.framework import AcclimateError

SECONDS: Final = 5
"""Of processor time for one input."""

MEGABYTES: Final = 1000
"""That memory may grow by, over all."""

LONGEST: Final = 1500
"""Characters of a message: a path of 260 letters may stand in it twice."""


class HangError(BaseException):
    """An input took too long; no reader catches it."""


@attrs.define
class Campaign:
    """What came of all.

    Args:
        outcomes: how often each came.
        problems: what must not be, with the seed and number that bring it about.
        seconds: of processor time that the slowest took.
        megabytes: that memory grew by.
    """

    outcomes: Counter[str] = attrs.field(factory=Counter)
    problems: list[str] = attrs.field(factory=list)
    seconds: float = 0.0
    megabytes: float = 0.0


def run_campaign(attempt: Callable[[Random], str], number: int, seed: str) -> Campaign:
    """Try so many inputs.

    Args:
        attempt: makes an input of a generator, has it read, and says what came of it.
        number: of inputs.
        seed: gives the same ones each time.
    """
    campaign, before = Campaign(), _megabytes()
    signal.signal(signal.SIGVTALRM, _hang)
    for index in range(number):
        started = time.process_time()
        try:
            campaign.outcomes[_attempt_in_time(attempt, Random(f"{seed} {index}"))] += 1  # noqa: S311 - no secret
        except AcclimateError as error:
            campaign.outcomes["refused in one line"] += 1
            message = str(error)
            if "\n" in message or len(message) > LONGEST or not message.strip():
                campaign.problems.append(f"seed {seed}, number {index}: no line: {message[:200]!r}")
        except (Exception, HangError):  # noqa: BLE001 - whatever it is, it is a problem
            found = traceback.format_exc().splitlines()
            campaign.problems.append(f"seed {seed}, number {index}: {found[-1][:300]} at {found[-3:-1]}")
        campaign.seconds = max(campaign.seconds, time.process_time() - started)
    campaign.megabytes = _megabytes() - before
    if campaign.megabytes > MEGABYTES:
        campaign.problems.append(f"seed {seed}: memory grew by {campaign.megabytes:.0f} MB")
    return campaign


def print_campaign(attempt: Callable[[Random], str], number: str = "10000", seed: str = "0") -> None:
    """Run a campaign, print what came of it, and leave with 1 if there was a problem."""
    campaign = run_campaign(attempt, int(number), seed)
    lines = [f"{count:6}  {outcome}" for outcome, count in campaign.outcomes.most_common()]
    lines += [f"{campaign.seconds:6.2f}  seconds of processor time for the slowest"]
    lines += [f"{campaign.megabytes:6.0f}  megabytes that memory grew by"]
    lines += [f"{len(campaign.problems):6}  problems", *campaign.problems[:50]]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(bool(campaign.problems))


def _attempt_in_time(attempt: Callable[[Random], str], random: Random) -> str:
    _Clock.runs = True
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
        return attempt(random)
    finally:
        # Before anything is made of what came: that takes time, too.
        _Clock.runs = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


class _Clock:
    """Whether an attempt runs: where a process has many threads, a signal may come late."""

    runs = False


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _hang(*_: object) -> None:
    if _Clock.runs:
        raise HangError(f"took more than {SECONDS} seconds")
