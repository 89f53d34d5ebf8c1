"""What a check found: counts, and problems."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import attrs

from ..files.printable_text import printable_line
from .doubt import Doubt
from .inferred import Inferred, format_inferred
from .labels import sort_naturally
from .problem import Problem
from .row import Row
from .table import Table

Part: TypeAlias = tuple[str, str]
"""A domain and a split."""

Counts: TypeAlias = Mapping[str, Mapping[Part, int]]
"""How many rows there are, by a property of theirs, then by domain and split."""


@attrs.frozen
class Report:
    """Counts of a table, and all that is wrong with it. `str` makes text of it, for people.

    Args:
        parts: domains and splits that have rows, sorted.
        classes: counts by task, then by class; regression targets count as `labelled`, empty cells as `unlabelled`.
        presence: counts by the modalities that a row has, such as `audio+image`.
        problems: in the order of the rows, then those of the table as a whole.
        corruptions: counts by what spoils a modality on purpose, such as `image: gaussian_noise(std=0.3, seed=0)`.
        inferred: the preprocessing of each modality, as a training would fit it.
        doubts: what a training or an evaluation does all the same, and may not be meant.
    """

    parts: tuple[Part, ...]
    classes: Mapping[str, Counts]
    presence: Counts
    problems: tuple[Problem, ...] = ()
    corruptions: Counts = attrs.field(factory=dict)
    inferred: tuple[Inferred, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def __str__(self) -> str:
        blocks = [_format(f"task {task}", counts, self.parts) for task, counts in self.classes.items()]
        blocks.append(_format("modalities", self.presence, self.parts))
        if self.corruptions:
            blocks.append(_format("corruptions", self.corruptions, self.parts, summed=False))
        if self.inferred:
            blocks.append(format_inferred(self.inferred))
        if self.doubts:
            blocks.append(_list("note", [doubt.message for doubt in self.doubts]))
        blocks.append(_list("problem", list(map(str, self.problems))) if self.problems else "no problems")
        return "\n\n".join(blocks)


def count(table: Table) -> Report:
    """Count the rows of a table by domain, split, class and modalities, without a look at the files."""
    parts = tuple(sorted({(row.domain, row.split) for row in table.rows}))
    classes = {task: _count_classes(table, task) for task in table.tasks}
    corrupted = (
        (f"{modality}: {cell}", row)
        for row in table.rows
        for modality, cell in row.corruptions.items()
        if row.cells.get(modality) is not None
    )
    presence = _count(("+".join(row.present), row) for row in table.rows)
    return Report(parts, classes, presence, corruptions=_count(corrupted))


def _list(what: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{len(lines)} {what}{'s' * (len(lines) > 1)}:", *map(printable_line, lines)])


def _count_classes(table: Table, task: str) -> Counts:
    cells = {row.labels[task] for row in table.rows}
    names = sort_naturally(cell for cell in cells if cell is not None)
    regression = table.kind(task) == "regression"

    def name(row: Row) -> str:
        cell = row.labels[task]
        return "unlabelled" if cell is None else "labelled" if regression else cell

    counts = _count((name(row), row) for row in table.rows)
    order = [*names, "labelled", "unlabelled"]
    return {key: counts[key] for key in dict.fromkeys(order) if key in counts}


def _count(named: Iterable[tuple[str, Row]]) -> dict[str, Counter[Part]]:
    counts: dict[str, Counter[Part]] = {}
    for name, row in named:
        counts.setdefault(name, Counter())[row.domain, row.split] += 1
    return counts


def _format(title: str, counts: Counts, parts: Sequence[Part], *, summed: bool = True) -> str:
    """A block of text: one line a name, one column a domain and split, and the sum of each column."""
    total = {part: sum(column.get(part, 0) for column in counts.values()) for part in parts}
    heads = [printable_line(" ".join(part)) for part in parts]
    lines = [[title, *heads]]
    lines += [[printable_line(name), *(str(column.get(part, 0)) for part in parts)] for name, column in counts.items()]
    if summed:
        lines.append(["all", *(str(total[part]) for part in parts)])
    first = max(len(line[0]) for line in lines)
    widths = [max(len(head), 6) for head in heads]
    return "\n".join(
        "  ".join([line[0].ljust(first), *(cell.rjust(width) for cell, width in zip(line[1:], widths, strict=True))])
        for line in lines
    )
