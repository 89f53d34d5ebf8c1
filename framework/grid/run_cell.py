"""Run a cell: train, score, and leave a cell.json behind."""

import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import attrs
import torch
from accelerate import Accelerator

from ..data import Schema, Table, open_table
from ..data.prepared_cache import PreparedCache
from ..encoders.trunk_cache import TrunkCache
from ..errors import RunError
from ..experiments.comparison import adapt_table
from ..experiments.experiment import Experiment
from ..files.whole_file import write_whole
from ..recipes.user_sources import user_sources
from ..runs.environment import describe_environment
from ..runs.run_folder import LAST, RunFolder, check_same
from ..training.oracle import Oracle, open_oracle
from ..training.run_options import RunOptions
from .cell import Cell
from .cell_file import CELL_FILE, read_cell
from .scoring import choose_test_rows, score_run
from .skipped_rows import leave_out_skipped, read_all_skipped


def run_cell(cell: Cell, out: Path, notes: Mapping[str, Any]) -> None:
    """Run a cell, or go on with what a killed grid left of it.

    Args:
        cell: what to run.
        out: folder of the grid.
        notes: what to write down beside the versions, such as how many cells ran beside each other.

    Raises:
        AcclimateError: one line that names what is wrong.
    """
    if cell.device == "cuda" and not torch.cuda.is_available():
        raise RunError("device cuda: torch finds no CUDA device on this machine")
    folder = out / cell.folder
    _forget_other_code(cell, folder / "run")
    table = open_cell_table(cell)
    experiment = open_experiment(cell, table)
    comparison = adapt_table(
        experiment,
        folder / "run",
        RunOptions(
            seed=cell.seed,
            resume=True,
            accelerator=Accelerator(cpu=cell.device == "cpu", mixed_precision=cell.recipe.training.precision),
            oracle=partial(_open_oracle, cell, table, folder),
        ),
        reference=None,
        skip_bad=cell.skip_bad,
        trunk_cache=None if cell.trunk_cache is None else TrunkCache(Path(cell.trunk_cache[0]), cell.trunk_cache[1]),
    )
    table = leave_out_skipped(cell, table, comparison.schema, folder)
    run = RunFolder.open(folder / "run")
    best = comparison.adapted.best
    epochs = [{**row, "selected": row["epoch"] == best.epoch} for row in run.metrics() if row["kind"] == "epoch"]
    paces = [row["seconds_per_step"] for row in epochs if row["seconds_per_step"] is not None]
    content = {
        "settings": cell.settings(),
        "tuned": dict(cell.tuned),
        "trains_on_target_labels": cell.trains_on_target_labels,
        "scores": [attrs.asdict(score) for score in score_run(cell, table, comparison.schema, run.path, epochs)],
        "left_out": {
            side: left_out.to_json()
            for side, (_, left_out) in choose_test_rows(cell, table, comparison.schema.tasks).items()
        },
        **({"skipped": [attrs.asdict(problem) for problem in read_all_skipped(folder)]} if cell.skip_bad else {}),
        "selection": {"score": cell.recipe.selection.name, **best.to_json()},
        "epochs": epochs,
        "seconds": comparison.adapted.seconds,
        "steps": run.load(LAST).state["progress"]["steps"],
        "seconds_per_step": median(paces) if paces else None,
        "environment": describe_environment() | dict(notes),
    }
    write_whole(folder / CELL_FILE, json.dumps(content, indent=1) + "\n")


def open_cell_table(cell: Cell) -> Table:
    """The table of a cell, whose cells share what is made of files."""
    table = open_table(cell.data, seed=cell.seed).with_kinds(cell.kinds)
    if cell.prepared_cache is None:
        return table
    return table.with_prepared(PreparedCache(Path(cell.prepared_cache[0]), cell.prepared_cache[1]))


def open_experiment(cell: Cell, table: Table) -> Experiment:
    """What a cell trains on: here, and for the upper bound alone, the target becomes the labelled domain.

    It then is the source of a run without target, so that there is no way by which labels could reach the target of
    any run.
    """
    source, target = (
        ((cell.shift.target,), None) if cell.trains_on_target_labels else (cell.shift.source, cell.shift.target)
    )
    return Experiment(cell.recipe, table, source, target, name=cell.data)


def is_finished(cell: Cell, out: Path) -> bool:
    """Whether a cell is done already.

    Raises:
        RunError: if the one that is done had other settings, or other code of the user's own.
    """
    folder = out / cell.folder
    if not (folder / CELL_FILE).is_file():
        return False
    before, now = read_cell(folder).get("settings", {}), json.loads(json.dumps(cell.settings()))
    if cell.digest is not None:
        # A table is what it holds, wherever it lies.
        before["data"] = now["data"]
    new = now.pop("sources", {})
    # A cell that was finished before there was this key stays what it is.
    old = before.pop("sources", new)
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if changed:
        raise RunError(
            f"{folder} was trained when {changed[0]} had other code: remove it to train it again, or give another grid"
        )
    check_same(before, now, folder)
    return True


def _forget_other_code(cell: Cell, run: Path) -> None:
    """Begin a run anew that was cut short, or failed, when the user's own classes had other code."""
    if (run / "config.yaml").is_file() and RunFolder.open(run).config().get("sources", {}) != user_sources(cell.recipe):
        shutil.rmtree(run)


def _open_oracle(cell: Cell, table: Table, folder: Path, schema: Schema) -> Oracle:
    table = leave_out_skipped(cell, table, schema, folder)
    return open_oracle(table, cell.shift.source, cell.shift.target, schema, cell.recipe.training.batch_size)
