"""Rows that a cell leaves out where it is asked to, those of the test splits too: decided once, and kept beside it."""

import json
from pathlib import Path

import attrs

from ..data import Problem, Schema, Table, leave_out
from ..data.skipping import find_misfits
from ..experiments.skipped import read_skipped
from ..files.whole_file import write_whole
from ..runs.run_folder import SKIPPED_FILE
from .cell import Cell


def leave_out_skipped(cell: Cell, table: Table, schema: Schema, folder: Path) -> Table:
    """The table without the rows that a cell leaves out; the whole where it was not asked to leave any out.

    The run has decided on its own rows. The test rows of both sides are read when this is first asked, and what is
    found stays, whatever becomes of their files: all epochs are scored on the same rows.

    Args:
        cell: what is run.
        table: all rows.
        schema: of the run.
        folder: of the cell, with its run.

    Raises:
        DataError: if no row of a domain's split is left.
    """
    if not cell.skip_bad:
        return table
    if not (folder / SKIPPED_FILE).is_file():
        rows = table.select((*cell.shift.source, cell.shift.target), "test")
        problems = [attrs.asdict(problem) for problem in find_misfits(rows, schema)]
        write_whole(folder / SKIPPED_FILE, json.dumps(problems, indent=1) + "\n")
    return leave_out(table, read_all_skipped(folder), labelled=False)


def read_all_skipped(folder: Path) -> tuple[Problem, ...]:
    """The problems of all rows that a cell leaves out: of its run, and of the test splits."""
    return (*read_skipped(folder / "run"), *read_skipped(folder))
