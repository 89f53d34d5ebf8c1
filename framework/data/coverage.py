"""What labels and modalities a source has, and what it lacks of what others have."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from ..errors import DataError
from ..layout import Task
from .doubt import Doubt
from .labels import encode_label, is_number
from .open_set import count_unknown
from .problem import Problem
from .row import Row
from .table import Table

MOST: Final = 10
"""Domains that notes are about at most."""


def find_unlabelled(rows: Iterable[Row], task: str, why: str) -> Iterator[Problem]:
    """A problem for each row without a label.

    Args:
        rows: that must have one.
        task: the label column.
        why: their domains must have labels, such as `is a source`.
    """
    for row in rows:
        if row.labels[task] is None:
            message = f"task {task!r}: expected a label, as domain {row.domain!r} {why}, but found an empty cell."
            yield Problem(message, row.line, row.id)


def find_unfit_labels(rows: Iterable[Row], task: Task) -> Iterator[Problem]:
    """A problem for each label that a training cannot take: of validation rows, those that the training rows lack."""
    for row in rows:
        label = row.labels[task.name]
        try:
            if label is not None:
                encode_label(task, label)
        except DataError as error:
            yield Problem(f"task {task.name!r}: {error}", row.line, row.id)


def doubt_modalities(source: Table, target: Table) -> Iterator[Doubt]:
    """Modalities that no row of a target has, although the source has them.

    Args:
        source: training rows.
        target: training rows of the domain to adapt to.
    """
    names = ", ".join(map(repr, target.domains))
    for modality in source.modalities:
        had, has = (rows.present(modality).any() for rows in (source, target))
        if had and not has:
            yield Doubt(f"{modality}: no training row of the target {names} has it, so nothing of it is adapted")


def doubt_labels(table: Table, source: Sequence[str], task: Task) -> Iterator[Doubt]:
    """What evaluation cannot score of the rows that a training does not learn from, and what training cannot know.

    Labels of all domains are looked at: for `data check` alone, and for nothing that a training sees.

    Args:
        table: rows of all domains, without the source's rows for training and validation.
        source: labelled domains.
        task: as the source's training rows have it.
    """
    told = 0
    for domain, rows in by_domain(table).items():
        own = list(_doubt_domain(table.with_rows(rows), domain, source, task))
        told += bool(own)
        yield from own if told <= MOST else ()
    if told > MOST:
        yield Doubt(f"task {task.name!r}: {told - MOST} more domains have such notes: --target says which one it is")
    yield from doubt_unlabelled(table, task.name)


def _doubt_domain(rows: Table, domain: str, source: Sequence[str], task: Task) -> Iterator[Doubt]:
    labels = [label for row in rows.rows if (label := row.labels[task.name]) is not None]
    if task.classes is None:
        yield from _doubt_numbers(labels, domain, task.name)
    elif labels:
        yield from _doubt_classes(rows, domain, task)
        if domain not in source and len(labels) == len(rows):
            yield from _doubt_missing(labels, domain, task)


def by_domain(table: Table) -> dict[str, list[Row]]:
    """The rows of each domain, domains sorted."""
    found: dict[str, list[Row]] = {}
    for row in table.rows:
        found.setdefault(row.domain, []).append(row)
    return dict(sorted(found.items()))


def doubt_unlabelled(table: Table, task: str) -> Iterator[Doubt]:
    """Splits that cannot be evaluated; a target's training rows need no labels.

    Args:
        table: rows of all domains.
        task: the label column.
    """
    counts = Counter((row.domain, row.split) for row in table.rows if row.split != "train")
    bare = Counter((row.domain, row.split) for row in table.rows if row.labels[task] is None)
    for (domain, split), rows in sorted(counts.items()):
        if missing := bare[domain, split]:
            yield Doubt(
                f"task {task!r}: {missing} of {rows} rows of domain {domain!r}, split {split!r}, have no label, so "
                "evaluate refuses that split"
            )


def _doubt_numbers(labels: Sequence[str], domain: str, task: str) -> Iterator[Doubt]:
    words = [label for label in labels if not is_number(label)]
    if words:
        yield Doubt(
            f"task {task!r}: {len(words)} labels of domain {domain!r} are no numbers, such as {words[0]!r}, and "
            "evaluate refuses them"
        )


def _doubt_classes(rows: Table, domain: str, task: Task) -> Iterator[Doubt]:
    left_out = count_unknown(rows, [task])
    if left_out:
        yield Doubt(
            f"task {task.name!r}: {left_out.rows} of {left_out.of} rows of domain {domain!r} are of classes that the "
            f"source's training rows lack, {left_out.name_classes()}: they are never predicted, and evaluate leaves "
            "the rows out"
        )
    for split in rows.splits:
        unknown = count_unknown(rows.select(split=split), [task])
        if split != "train" and unknown and unknown.rows == unknown.of:
            yield Doubt(
                f"task {task.name!r}: no row of domain {domain!r}, split {split!r}, is of a class that the source's "
                "training rows have, so evaluate refuses that split"
            )


def _doubt_missing(labels: Sequence[str], domain: str, task: Task) -> Iterator[Doubt]:
    found = set(labels)
    missing = [name for name in task.classes or () if name not in found]
    if missing:
        yield Doubt(
            f"task {task.name!r}: no row of domain {domain!r} is of class {', '.join(map(repr, missing))}, which the "
            "source has: methods that align the domains, or give pseudo-labels, go by the source's classes"
        )
