"""A look at a whole table where nobody says which domain is the source: each that has labels might be."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping
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
from .schema_fitting import fit_task, fit_tasks
from .table import Row, Table
from .validation import divide_source

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
    trusted = {name for name, fields in known.items() if "kind" in fields}
    for modality in table.modalities:
        stray = None if modality in trusted else find_stray_words(table, modality)
        if stray is None:
            found.compare(table, [modality], known)
        else:
            found.problems.append(stray)
            trusted.add(modality)
    if table.rows:
        found.fit(table, known)
    if known:
        found.try_rows(table)
    found.try_corruptions(table)
    found.try_names(Schema(found.preprocessing, [Task(name) for name in table.tasks]))
    found.doubts += find_modality_doubts(table, Schema(found.preprocessing, ()), known)
    _survey_sources(found, table, trusted)
    return found


def _survey_sources(found: Findings, table: Table, trusted: Container[str]) -> None:
    """Look at each domain with labels as if it were the source; see `_Candidate`."""
    counts = {name: Counter(row.labels[name] for row in table.rows) for name in table.tasks}
    labelled = {domain: rows for domain, rows in by_domain(table).items() if any(map(_teaches, rows))}
    present = {name for name in table.modalities if _has(table, name)}
    candidates = [
        _Candidate(domain, table.with_rows(rows), table, counts, present, trusted) for domain, rows in labelled.items()
    ]
    for candidate in candidates:
        found.problems += candidate.unlabelled()
    refusals = [list(candidate.refusals()) for candidate in candidates]
    told = [[*first, *candidate.doubts()] for first, candidate in zip(refusals, candidates, strict=True)]
    if labelled and all(refusals):
        # Several domains may be the source together.
        everything = table.with_rows(row for rows in labelled.values() for row in rows)
        joint = _Candidate("+".join(labelled), everything, table, counts, present, trusted)
        found.problems += [Problem(f"{reason}.") for reason in joint.refusals()]
    notes = [own for own in told if own]
    found.doubts += [Doubt(message) for own in notes[:MOST] for message in own]
    if len(notes) > MOST:
        found.doubts.append(
            Doubt(f"{len(notes) - MOST} more domains have notes as a source: say which it is by --source")
        )
    found.doubts += [doubt for task in table.tasks for doubt in doubt_unlabelled(table, task)]
    if table.rows and not labelled:
        found.doubts.append(Doubt("no domain has training rows with labels, so none can be the source"))


def _teaches(row: Row) -> bool:
    return row.split == "train" and any(label is not None for label in row.labels.values())


@attrs.frozen(eq=False)
class _Candidate:
    """What might be the source.

    Args:
        name: a domain with labels, or several.
        rows: its rows.
        table: all rows.
        counts: of all rows by task, then by label.
        present: modalities that any row has.
        trusted: modalities whose words are not doubted here: of a kind that the user has named, or refused already.
    """

    name: str
    rows: Table
    table: Table
    counts: Mapping[str, Counter[str | None]]
    present: Container[str]
    trusted: Container[str]

    @property
    def training(self) -> Table:
        """Its training rows."""
        return self.rows.select(split="train")

    def refusals(self) -> Iterator[str]:
        """Why it cannot be the source."""
        for modality in self.table.modalities:
            # What no domain has is a problem already.
            if modality in self.present and not _has(self.training, modality):
                yield f"{self._where}: no training row has the modality {modality!r}, so training refuses it"
        try:
            training, _ = divide_source(self.rows)
            fit_tasks(training, {})
        except DataError as error:
            yield f"{self._where}: {str(error).removesuffix('.')}"
            return
        for modality in self.table.modalities:
            if modality not in self.trusted and _has(training, modality):
                stray = find_stray_words(training, modality)
                if stray is not None:
                    yield f"{self._where}: {str(stray).removesuffix('.')}"

    def unlabelled(self) -> Iterator[Problem]:
        """Its rows that could not be trained on."""
        for task in self.table.tasks:
            if any(row.labels[task] is not None for row in self.training.rows):
                yield from find_unlabelled(self.training.rows, task, "has labels")

    def doubts(self) -> Iterator[str]:
        """What its labels may not mean, and what others have that it lacks."""
        for name in self.table.tasks:
            try:
                task = fit_task(self.training, name)
            except DataError:
                continue
            for doubt in find_label_doubts(self.training, name):
                yield f"{self._where}: {doubt.message}"
            lacking = [label for label in self.counts[name] if label not in {None, *(task.classes or ())}]
            if task.classes is not None and lacking:
                rows = sum(self.counts[name][label] for label in lacking)
                names = ", ".join(repr(label) for label in lacking[:MOST]) + (", ..." if len(lacking) > MOST else "")
                yield (
                    f"{self._where}: task {name!r}: its training rows lack classes that {rows} of {len(self.table)} "
                    f"rows have: {names}"
                )

    @property
    def _where(self) -> str:
        return f"with {self.name!r} as the source"


def _has(rows: Table, modality: str) -> bool:
    return any(row.cells[modality] is not None for row in rows.rows)
