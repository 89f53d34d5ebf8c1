"""A look at a whole table where nobody says which domain is the source: each that has labels might be."""

from collections.abc import Iterator

import attrs

from ..errors import DataError
from ..layout import Task
from .coverage import doubt_unlabelled, find_unlabelled
from .doubt import Doubt
from .findings import Findings, Overrides
from .inline_text import find_stray_words
from .label_doubts import find_label_doubts
from .open_set import count_unknown
from .problem import Problem
from .run_doubts import find_modality_doubts
from .schema import Schema
from .schema_fitting import fit_task
from .table import Table


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
    candidates = [_Candidate(table, domain) for domain in _labelled_domains(table)]
    unfit = [(candidate, reason) for candidate in candidates for reason in candidate.refusals()]
    if len({candidate.domain for candidate, _ in unfit}) == len(candidates):
        found.problems += [Problem(str(reason)) for _, reason in unfit]
    else:
        found.doubts += [Doubt(f"{str(reason).removesuffix('.')}") for _, reason in unfit]
    for candidate in candidates:
        found.problems += candidate.unlabelled()
        found.doubts += candidate.doubts()
    if candidates:
        found.doubts += [doubt for task in table.tasks for doubt in doubt_unlabelled(table, task)]
    found.try_names(Schema(found.preprocessing, [Task(name) for name in table.tasks]))
    found.doubts += find_modality_doubts(table, Schema(found.preprocessing, ()), named)
    return found


@attrs.frozen(eq=False)
class _Candidate:
    """A domain that might be the source.

    Args:
        table: all rows.
        domain: one with labels.
    """

    table: Table
    domain: str

    @property
    def training(self) -> Table:
        """Its training rows."""
        return self.table.select(self.domain, "train")

    def refusals(self) -> Iterator[str]:
        """Why it cannot be the source."""
        for modality in self.table.modalities:
            somewhere, here = (_has(rows, modality) for rows in (self.table, self.training))
            if somewhere and not here:
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
            unknown = count_unknown(self.table, [task])
            if unknown:
                yield Doubt(
                    f"{self._where}: task {name!r}: its training rows lack classes that {unknown.rows} of {unknown.of} "
                    f"rows have: {unknown.name_classes()}"
                )

    @property
    def _where(self) -> str:
        return f"with {self.domain!r} as the source"


def _has(rows: Table, modality: str) -> bool:
    return any(row.cells[modality] is not None for row in rows.rows)


def _labelled_domains(table: Table) -> list[str]:
    training = (row for row in table.rows if row.split == "train")
    return sorted({row.domain for row in training if any(cell is not None for cell in row.labels.values())})
