"""A look at a whole table where nobody says which domain is the source: each that has labels might be."""

from collections.abc import Container
from typing import Final

import attrs

from ..layout import Task
from .coverage import by_domain, doubt_unlabelled
from .doubt import Doubt
from .findings import Findings, Overrides
from .inline_text import find_stray_words
from .possible_source import PossibleSource, Surroundings
from .problem import Problem
from .row import Row
from .run_doubts import find_modality_doubts
from .schema import Schema
from .table import Table

MOST: Final = 10
"""Domains that notes are about at most."""


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
        found.fit(table if any(map(_teaches, table.rows)) else _without_empty(found, table), known)
    if known:
        found.try_rows(table)
    found.try_corruptions(table)
    found.try_names(Schema(found.preprocessing, [Task(name) for name in table.tasks]))
    found.doubts += find_modality_doubts([table], Schema(found.preprocessing, ()), known)
    _survey_sources(found, table, trusted)
    return found


def _without_empty(found: Findings, table: Table) -> Table:
    """The table without the modalities that no row has: a model may be scored, but not trained, on the others."""
    empty = [name for name in table.modalities if not table.present(name).any()]
    found.doubts += [Doubt(f"modality {name!r} is in no row") for name in empty]
    return attrs.evolve(table, modalities=[name for name in table.modalities if name not in empty])


def _survey_sources(found: Findings, table: Table, trusted: Container[str]) -> None:
    """Look at each domain with labels as if it were the source."""
    around = Surroundings.of(table, trusted)
    labelled = {domain: rows for domain, rows in by_domain(table).items() if any(map(_teaches, rows))}
    sources = [PossibleSource(domain, table.with_rows(rows), around) for domain, rows in labelled.items()]
    for source in sources:
        found.problems += source.unlabelled()
    refusals = [list(source.refusals()) for source in sources]
    notes = [list(source.doubts()) for source in sources]
    final: list[str] = []
    if sources and all(refusals):
        # Several domains may be the source together.
        everything = table.with_rows(row for rows in labelled.values() for row in rows)
        final = list(PossibleSource("+".join(labelled), everything, around).refusals())
        found.problems += [Problem(f"{reason}.") for reason in final]
    if not final:
        notes = [[*first, *then] for first, then in zip(refusals, notes, strict=True)]
    told = [own for own in notes if own]
    found.doubts += [Doubt(message) for own in told[:MOST] for message in own]
    if len(told) > MOST:
        found.doubts.append(Doubt(f"{len(told) - MOST} more domains have notes as a source: --source says which it is"))
    found.doubts += [doubt for task in table.tasks for doubt in doubt_unlabelled(table, task)]
    if table.rows and not sources:
        found.doubts.append(Doubt("no domain has training rows with labels, so none can be the source"))


def _teaches(row: Row) -> bool:
    return row.split == "train" and any(label is not None for label in row.labels.values())
