"""What a choice found: a file, and a table that a newcomer reads."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..evaluation.intervals import Interval
from .judging import Judgement, Verdict
from .picking import Pick
from .statement import Statement


@attrs.frozen(eq=False)
class Choice:
    """What a choice found.

    Args:
        pick: the candidate that is taken.
        judgements: of each task.
        statements: by candidate, the first of which is source-only.
        failed: why a candidate could not be trained, by its name.
        maps: what was found of input maps, a line for each group; None where they were not searched.
    """

    pick: Pick
    judgements: tuple[Judgement, ...]
    statements: Mapping[str, Statement]
    failed: Mapping[str, str] = attrs.field(factory=dict)
    maps: Sequence[str] | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data, for choice.json."""
        return {
            "pick": attrs.asdict(self.pick),
            "tasks": {
                judgement.task: {
                    "worth_on_source": float(judgement.consensus.right.mean()),
                    "claim_on_source": float(judgement.consensus.claims.mean()),
                    "candidates": {name: attrs.asdict(found) for name, found in judgement.verdicts.items()},
                }
                for judgement in self.judgements
            },
            "candidates": {
                name: {"share": found.share, "seconds": found.seconds, "scores": dict(found.scores)}
                for name, found in self.statements.items()
            },
            "failed": dict(self.failed),
            "maps": None if self.maps is None else list(self.maps),
        }

    def __str__(self) -> str:
        """The table, the pick and why, and what speaks against relying on it."""
        blocks = [self._describe_task(judgement) for judgement in self.judgements]
        lines = [f"{name} could not be trained: {error}" for name, error in self.failed.items()]
        lines += [f"input maps: {line}" for line in self.maps or ()]
        lines += [f"ALARM: {alarm}" for alarm in self.pick.alarms]
        return "\n\n".join([*blocks, "\n".join([*lines, f"picked: {self.pick.name}. {self.pick.why}"])])

    def _describe_task(self, judgement: Judgement) -> str:
        modalities = sorted({name for found in judgement.verdicts.values() for name in found.modalities})
        head = ["candidate", "trained", "score", "estimated accuracy", "gain over source-only", *modalities]
        ranked = sorted(judgement.verdicts.items(), key=lambda item: -item[1].score)
        rows = [self._row(name, found, modalities) for name, found in ranked]
        title = f"task {judgement.task}, on {len(judgement.posterior)} unlabelled rows of the target:\n"
        return (title if len(self.judgements) > 1 else "") + _align([head, *rows])

    def _row(self, name: str, found: Verdict, modalities: Sequence[str]) -> list[str]:
        own = [f"{found.modalities[each]:.3f}" if each in found.modalities else "-" for each in modalities]
        is_first = name == next(iter(self.statements))
        gain = "-" if is_first else _bounds(found.gain.difference, found.gain.interval, "+")
        estimate = _bounds(found.estimate.accuracy, found.estimate.interval)
        marked = f"* {name}" if name == self.pick.name else f"  {name}"
        return [marked, f"{self.statements[name].share:.0%}", f"{found.score:.3f}", estimate, gain, *own]


def _bounds(value: float, interval: Interval, sign: str = "") -> str:
    return f"{value:{sign}.3f} ({interval.low:{sign}.3f} to {interval.high:{sign}.3f})"


def _align(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in padded)
