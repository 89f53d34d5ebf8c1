"""A look at a whole table where nobody says which domain is the source: each that has labels might be."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import attrs

from ..errors import DataError
from ..layout import Task
from .coverage import by_domain, doubt_unlabelled, find_unlabelled
from .doubt import Doubt
from .findings import Findings, Overrides
from .inline_text import find_stray_words
from .label_doubts import find_label_doubts
from .problem import Problem
from .run_doubts import find_modality_doubts
from .schema import Schema
from .schema_fitting import fit_task
from .table import Table

MOST: Final = 10
"""Domains, and classes, that notes name at most."""


def survey(table: Table, known: Overrides) -> Findings:
    """Look at all rows and files of a table.

    What makes some domains unfit to be a source is a doubt; what makes all of them unfit that have labels, a problem.

    Args:
        table: all rows.
        known: what a recipe knows of the preprocessing.

    Raises:
        DataError: if a kind of preprocessing is not known.
    """
    found = Findings()
    named = {name for name, fields in known.items() if "kind" in fields}
    for modality in table.modalities:
        stray = None if modality in named else find_stray_words(table, modality)
        if stray is None:
            found.compare(table, [modality], known)
        else:
            found.problems.append(stray)
    if table.rows:
        found.fit(table, known)
    if known:
        found.try_rows(table)
    found.try_corruptions(table)
    found.try_names(Schema(found.preprocessing, [Task(name) for name in table.tasks]))
    found.doubts += find_modality_doubts(table, Schema(found.preprocessing, ()), known)
    _survey_sources(found, table)
    return found


def _survey_sources(found: Findings, table: Table) -> None:
    """Look at each domain with labels as if it were the source."""
    counts = {name: Counter(row.labels[name] for row in table.rows) for name in table.tasks}
    candidates = [
        _Candidate(domain, training, table, counts)
        for domain, rows in by_domain(table).items()
        if any(cell is not None for row in rows if row.split == "train" for cell in row.labels.values())
        for training in [table.with_rows(row for row in rows if row.split == "train")]
    ]
    for candidate in candidates:
        found.problems += candidate.unlabelled()
    refusals = [list(candidate.refusals()) for candidate in candidates]
    notes = [list(candidate.doubts()) for candidate in candidates]
    if all(refusals):
        found.problems += [Problem(reason) for reasons in refusals for reason in reasons]
    else:
        said = ([Doubt(reason.removesuffix(".")) for reason in reasons] for reasons in refusals)
        notes = [[*first, *then] for first, then in zip(said, notes, strict=True)]
    told = [own for own in notes if own]
    found.doubts += [doubt for own in told[:MOST] for doubt in own]
    if len(told) > MOST:
        found.doubts.append(
            Doubt(f"{len(told) - MOST} more domains have notes as a source: say which it is by --source")
        )
    if candidates:
        found.doubts += [doubt for task in table.tasks for doubt in doubt_unlabelled(table, task)]


@attrs.frozen(eq=False)
class _Candidate:
    """A domain that might be the source.

    Args:
        domain: one with labels.
        training: its training rows.
        table: all rows.
        counts: of all rows by task, then by label.
    """

    domain: str
    training: Table
    table: Table
    counts: Mapping[str, Counter[str | None]]

    def refusals(self) -> Iterator[str]:
        """Why it cannot be the source."""
        for modality in self.table.modalities:
            # What no domain has is a problem already.
            if not _has(self.training, modality) and _has(self.table, modality):
                yield f"{self._where}: no training row has the modality {modality!r}, so training refuses it"
        for task in self.table.tasks:
            try:
                fit_task(self.training, task)
            except DataError as error:
                yield f"{self._where}: {error}"

    def unlabelled(self) -> Iterator[Problem]:
        """Its rows that could not be trained on."""
        for task in self.table.tasks:
            if any(row.labels[task] is not None for row in self.training.rows):
                yield from find_unlabelled(self.training.rows, task, "has labels")

    def doubts(self) -> Iterator[Doubt]:
        """What its labels may not mean, and what others have that it lacks."""
        for name in self.table.tasks:
            try:
                task = fit_task(self.training, name)
            except DataError:
                continue
            for doubt in find_label_doubts(self.training, name):
                yield attrs.evolve(doubt, message=f"{self._where}: {doubt.message}")
            lacking = [label for label in self.counts[name] if label not in {None, *(task.classes or ())}]
            if task.classes is not None and lacking:
                rows = sum(self.counts[name][label] for label in lacking)
                names = ", ".join(repr(label) for label in lacking[:MOST]) + (", ..." if len(lacking) > MOST else "")
                yield Doubt(
                    f"{self._where}: task {name!r}: its training rows lack classes that {rows} of {len(self.table)} "
                    f"rows have: {names}"
                )

    @property
    def _where(self) -> str:
        return f"with {self.domain!r} as the source"


def _has(rows: Table, modality: str) -> bool:
    return any(row.cells[modality] is not None for row in rows.rows)
