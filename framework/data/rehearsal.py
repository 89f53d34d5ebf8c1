"""A training without a model: what `adapt` and `evaluate` would do with a table, and what they would refuse."""

from collections.abc import Iterator

import attrs

from ..errors import DataError
from ..layout import Task
from .coverage import doubt_labels, find_unfit_labels, find_unlabelled
from .doubt import Doubt
from .findings import Findings, Overrides
from .run_doubts import find_run_doubts
from .schema import Schema
from .schema_fitting import fit_task
from .table import Table
from .validation import SHARE, divide_source


@attrs.frozen
class Plan:
    """What is rehearsed.

    Args:
        source: labelled domains.
        target: domain to adapt to; where None, every other one might be it.
        share: of the source's training rows that is kept for validation where the table has no such split.
        seed: of those rows.
    """

    source: tuple[str, ...]
    target: str | None = None
    share: float = SHARE
    seed: int = 0


def rehearse(table: Table, plan: Plan, known: Overrides) -> Findings:
    """Do with a table what a training, and an evaluation of its model, would.

    Each file is read once, but for those that preprocessing is fitted on: they are few, unless it needs all of them.

    Args:
        table: all rows; those of neither source nor target are not looked at.
        plan: which domains.
        known: what a recipe knows of the preprocessing.

    Raises:
        DataError: if a domain is not in the table, or a kind of preprocessing is not known.
    """
    found = Findings()
    source = table.select(plan.source)
    target = None if plan.target is None else table.select(plan.target)
    training, validation = _divide(found, source, plan)
    learnt = {row.id for rows in (training, validation) for row in rows.rows}
    reported = table.with_rows(
        row
        for row in table.rows
        if row.id not in learnt and (row.domain in plan.source or plan.target in {row.domain, None})
    )
    others = table.with_rows([*validation.rows, *reported.rows])
    found.compare(training, training.modalities, known)
    if training.rows:
        found.fit(training, known)
    # Where nothing was fitted, files can still be compared with each other.
    found.compare(others, [name for name in table.modalities if name not in found.preprocessing], known)
    found.try_rows(others)
    if known:
        found.try_rows(training)
    found.try_corruptions(table.with_rows([*training.rows, *others.rows]))
    tasks = list(_fit_tasks(found, training, validation))
    schema = Schema(found.preprocessing, tasks)
    found.try_names(schema)
    for task in tasks:
        found.doubts += doubt_labels(reported, plan.source, task)
    if target is not None and "test" not in target.splits:
        found.doubts.append(Doubt(f"domain {plan.target!r} has no split 'test', so evaluate refuses it"))
    found.doubts += find_run_doubts(training, _target_rows(found, target), schema, known, others)
    return found


def _divide(found: Findings, source: Table, plan: Plan) -> tuple[Table, Table]:
    try:
        return divide_source(source, plan.share, plan.seed)
    except DataError as error:
        found.refuse(error)
        return source.with_rows(row for row in source.rows if row.split == "train"), source.with_rows(())


def _target_rows(found: Findings, target: Table | None) -> Table | None:
    if target is None:
        return None
    try:
        return target.select(split="train")
    except DataError as error:
        found.refuse(error)
        return None


def _fit_tasks(found: Findings, training: Table, validation: Table) -> Iterator[Task]:
    """The tasks that the training rows make, where training takes them."""
    if not training.tasks:
        found.refuse("the source must have labels, but the table has no column 'label' or 'label.<task>'.")
    for name in training.tasks if training.rows else ():
        found.problems += find_unlabelled([*training.rows, *validation.rows], name, "is a source")
        try:
            task = fit_task(training, name)
        except DataError as error:
            found.refuse(error)
            continue
        found.problems += find_unfit_labels(validation.rows, task)
        yield task
