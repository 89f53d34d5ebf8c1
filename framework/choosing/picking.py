"""Which candidate to take, and what speaks against relying on it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Final

import attrs
import numpy as np

from ..layout import Task
from .judging import Judgement, Verdict
from .statement import Statement

FEW_ROWS: Final = 100
FEW_CANDIDATES: Final = 4
"""Below these, an estimate is worth little."""


@attrs.frozen
class Pick:
    """The candidate to take.

    Args:
        name: of it.
        why: a line.
        alarms: what speaks against relying on it, a line each.
    """

    name: str
    why: str
    alarms: tuple[str, ...] = ()


def pick(
    judgements: Sequence[Judgement],
    statements: Mapping[str, Statement],
    tasks: Sequence[Task],
    finished: Collection[str],
) -> Pick:
    """Take the candidate that scores best, if it is surely better than the first one.

    Args:
        judgements: of each task; of several tasks, means are compared, and none must be surely worse.
        statements: by candidate; the first one stays unless another is surely better.
        tasks: of the judgements.
        finished: candidates that have trained to the end: one of them is taken.

    Raises:
        ValueError: if there is no judgement.
    """
    if not judgements:
        raise ValueError("judgements must be of one task at least, but there is none.")
    first, *others = statements
    means = {name: fmean(judgement.verdicts[name].score for judgement in judgements) for name in statements}
    best = max((name for name in others if name in finished), key=lambda name: means[name], default=first)
    found = [judgement.verdicts[best] for judgement in judgements]
    alarms = tuple(_find_alarms(judgements, statements, tasks))
    if best == first or means[best] <= means[first]:
        return Pick(first, f"{first} stays: no candidate seems better", alarms)
    if not is_sure(found):
        return Pick(first, f"{first} stays: {best} is not surely better: {_describe(judgements, best)}", alarms)
    return Pick(best, f"{best} is surely better than {first}: {_describe(judgements, best)}", alarms)


def is_sure(tasks: Sequence[Verdict]) -> bool:
    """Whether in some task something is surely gained, whichever way one asks, and in none surely lost."""
    gained = any(found.gain.interval.low > 0 and min(found.gains) > 0 for found in tasks)
    return gained and not any(found.gain.interval.high < 0 for found in tasks)


def _describe(judgements: Sequence[Judgement], name: str) -> str:
    lines = []
    for judgement in judgements:
        found = judgement.verdicts[name]
        of = f"{judgement.task} " if len(judgements) > 1 else ""
        gain = found.gain.interval
        lines.append(
            f"{of}estimated {found.estimate}, gain {found.gain.difference:+.2f} ({gain.low:+.2f} to {gain.high:+.2f})"
        )
    return "; ".join(lines)


def _find_alarms(
    judgements: Sequence[Judgement], statements: Mapping[str, Statement], tasks: Sequence[Task]
) -> Iterator[str]:
    rows = len(judgements[0].posterior)
    if rows < FEW_ROWS:
        yield f"the target has {rows} rows: below {FEW_ROWS}, an estimate is worth little"
    if len(statements) < FEW_CANDIDATES:
        yield f"{len(statements)} candidates were judged: below {FEW_CANDIDATES}, their consensus is worth little"
    for judgement, task in zip(judgements, tasks, strict=True):
        of = f"task {task.name!r}: " if len(tasks) > 1 else ""
        if all(found.agreement < 0.5 for found in judgement.verdicts.values()):
            yield f"{of}no candidate agrees with the others on half of the rows: nothing was learned for this target"
        missing = _find_vanished(judgement, task)
        if missing:
            yield f"{of}the consensus gives next to no row to {', '.join(map(repr, missing))}"
        if judgement.consensus.correction < 0.5:
            worth = float(judgement.consensus.right.mean())
            yield f"{of}on the source itself the candidates are right on {worth:.2f} of the rows only"


def _find_vanished(judgement: Judgement, task: Task) -> list[str]:
    shares = np.bincount(judgement.posterior.argmax(axis=1), minlength=task.outputs) / len(judgement.posterior)
    return [name for name, share in zip(task.classes or (), shares, strict=True) if share < 0.1 / task.outputs]
