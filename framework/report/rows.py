"""Which rows of the source and of the target a report is about."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from ..data import Schema, Table, carve_validation, find_misfits, keep_known, leave_out, open_table
from ..experiments.skipped import read_skipped
from ..layout import DomainSide
from ..runs.run_folder import SKIPPED_FILE
from .finished_run import FinishedRun

if TYPE_CHECKING:
    from ..data.labels import TaskKind


@attrs.frozen(eq=False)
class Rows:
    """Rows of one side that a report is about.

    Args:
        table: the rows.
        split: which they are, in words.
        labelled: whether scores may be asked for.
        reason: why not; empty where they may.
    """

    table: Table
    split: str
    labelled: bool = True
    reason: str = ""


def open_rows(run: FinishedRun, data: str) -> Table:
    """All rows of a table; of the run's own without those that the run left out.

    Raises:
        DataError: if there is no such table.
        RunError: if the run's skipped.json is damaged.
    """
    table = open_table(data, seed=run.seed)
    if data != run.table or not (run.path / SKIPPED_FILE).is_file():
        return table
    return leave_out(table, read_skipped(run.path), labelled=False)


def choose_rows(
    run: FinishedRun, table: Table, schema: Schema, split: str | None, *, oracle: bool
) -> dict[DomainSide, Rows]:
    """The rows to report on.

    Args:
        run: says which domains.
        table: all rows.
        schema: of the run.
        split: of both sides; None means the test split, and where a side has none, the source's validation rows or
            the target's training rows.
        oracle: whether labels of the target may be looked at, for scores alone.

    Raises:
        DataError: if a domain or split is missing.
    """
    kinds: dict[str, TaskKind] = {task.name: "regression" if task.is_regression else "classes" for task in schema.tasks}
    known = table.with_kinds(kinds)
    rows: dict[DomainSide, Rows] = {"source": _source_rows(run, known, split)}
    if run.target is not None:
        rows["target"] = _target_rows(run.target, known, schema, split, oracle=oracle)
    return {side: _leave_out_unknown(found, schema) if found.labelled else found for side, found in rows.items()}


def _leave_out_unknown(rows: Rows, schema: Schema) -> Rows:
    table, left_out = keep_known(rows.table, schema.tasks)
    if not left_out:
        return rows
    return attrs.evolve(rows, table=table, split=f"{rows.split}, {left_out}")


def _source_rows(run: FinishedRun, table: Table, split: str | None) -> Rows:
    found = table.select(run.source)
    if split is not None or "test" in found.splits:
        return Rows(found.select(split=split or "test"), f"split {split or 'test'}")
    if "validation" in found.splits:
        return Rows(found.select(split="validation"), "split validation, by which the epoch was chosen too")
    _, carved = carve_validation(found.select(split="train"), run.recipe.training.validation, run.seed)
    return Rows(carved, "training rows kept back for validation, by which the epoch was chosen too")


def _target_rows(target: str, table: Table, schema: Schema, split: str | None, *, oracle: bool) -> Rows:
    found = table.select(target)
    chosen = split or ("test" if "test" in found.splits else "train")
    rows = found.select(split=chosen)
    name = f"split {chosen}" + (", on which it was adapted" if chosen == "train" else "")
    unlabelled = sum(any(row.labels.get(task.name) is None for task in schema.tasks) for row in rows.rows)
    if not oracle:
        return Rows(rows, name, labelled=False, reason="its labels were not asked for")
    if unlabelled:
        return Rows(rows, name, labelled=False, reason=f"{unlabelled} of its {len(rows)} rows have no label")
    return Rows(rows, name)


def leave_out_bad(rows: Mapping[DomainSide, Rows], schema: Schema) -> dict[DomainSide, Rows]:
    """The rows whose files can be used; how many others there were is said.

    Raises:
        DataError: if a side has no row left.
    """
    left: dict[DomainSide, Rows] = {}
    for name, found in rows.items():
        table = leave_out(found.table, find_misfits(found.table, schema), labelled=False)
        count = len(found.table) - len(table)
        split = f"{found.split}, without {count} that cannot be used" if count else found.split
        left[name] = attrs.evolve(found, table=table, split=split)
    return left
