"""Run a search's trials, choose, and write all of them down: trials.json and trials.parquet."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import pyarrow as pa

from ..errors import RunError
from ..evaluation.tables import FUSED
from ..files.whole_file import write_whole
from .cell import Cell, Shift
from .cell_file import read_cell
from .display import GridDisplay
from .executor import Executor
from .plan import Grid, Tuned
from .results import write_table
from .run_grid import run_cells
from .search import Search, choose_trial

TRIALS_FILE: Final = "trials.json"

_COLUMNS: Final = {
    **dict.fromkeys(("data", "source", "target", "recipe"), pa.string()),
    "trial": pa.int64(),
    "seed": pa.int64(),
    "tuned": pa.string(),
    "chosen": pa.bool_(),
    "error": pa.string(),
    "epoch": pa.int64(),
    "source_accuracy": pa.float64(),
    "seconds": pa.float64(),
}


def run_search(grid: Grid, search: Search, out: Path, executor: Executor, display: GridDisplay) -> Tuned:
    """Run as many trials of every recipe on every shift, or on the search's own, and choose one each.

    A trial that ends in an error, such as a loss that is not finite, is not chosen; one that was killed must be run
    again before anything can be chosen fairly.

    Args:
        grid: what the settings are for.
        search: what is tried.
        out: folder of the grid.
        executor: where trials run.
        display: shows progress.

    Returns:
        The chosen recipe and what was tuned, by shift and name.

    Raises:
        RunError: if a trial was killed, or all of a recipe's trials failed.
    """
    shifts = grid.shifts if search.shift is None else (search.shift,)
    drawn = {recipe.name: search.draw(recipe) for recipe in grid.recipes}
    cells = {
        (shift, name, trial.number): grid.make_cell(
            shift, trial.recipe, search.run_seed, trial=trial.number, tuned=trial.tuned
        )
        for shift in shifts
        for name, trials in drawn.items()
        for trial in trials
    }
    failed = run_cells(list(cells.values()), out, executor, display)
    killed = [outcome for outcome in failed if outcome.killed]
    if killed:
        raise RunError(
            f"{len(killed)} trial(s) were killed, such as {killed[0].cell.title}: the same command goes on with them"
        )
    errors = {outcome.cell.folder: outcome.error for outcome in failed}
    chosen: dict[tuple[Shift, str], tuple[Any, Mapping[str, Any]]] = {}
    rows: list[dict[str, Any]] = []
    for shift in shifts:
        for recipe in grid.recipes:
            own = {number: cell for (at, name, number), cell in cells.items() if (at, name) == (shift, recipe.name)}
            done = {number: read_cell(out / cell.folder) for number, cell in own.items() if cell.folder not in errors}
            if not done:
                raise RunError(f"all trials of {recipe.name} on {shift} failed: {errors[own[0].folder]}")
            best = choose_trial({number: content["selection"] for number, content in done.items()}, recipe.selection)
            trial = drawn[recipe.name][best]
            chosen[shift, recipe.name] = (trial.recipe, trial.tuned)
            rows += (
                _describe(cell, done.get(number), errors.get(cell.folder), chosen=number == best)
                for number, cell in own.items()
            )
    _write(out, grid, search, rows)
    return {
        (shift, recipe.name): chosen[search.shift or shift, recipe.name]
        for shift in grid.shifts
        for recipe in grid.recipes
    }


def _describe(cell: Cell, content: Mapping[str, Any] | None, error: str | None, *, chosen: bool) -> dict[str, Any]:
    row = {
        "data": cell.table,
        "source": "+".join(cell.shift.source),
        "target": cell.shift.target,
        "recipe": cell.recipe.name,
        "trial": cell.trial,
        "seed": cell.seed,
        "tuned": dict(cell.tuned),
        "chosen": chosen,
        "error": error,
    }
    if content is None:
        return row
    selection = content["selection"]
    oracle = {
        f"oracle/{score['task']}": score["value"]
        for score in content["scores"]
        if (score["choice"], score["side"], score["prediction"], score["modalities"])
        == ("selected", "target", FUSED, "all")
    }
    return {
        **row,
        **{name: selection[name] for name in ("epoch", "source_accuracy")},
        "seconds": content["seconds"],
        **{f"target/{name}": value for name, value in selection["target"].items()},
        **oracle,
    }


def _write(out: Path, grid: Grid, search: Search, rows: Sequence[Mapping[str, Any]]) -> None:
    """Beside the searches on other data sets that the folder holds."""
    path = out / TRIALS_FILE
    searches = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    own = {"run_seed": search.run_seed, **attrs.asdict(search), "results": [dict(row) for row in rows]}
    # Where it stood before tables had names.
    searches.pop(grid.data, None)
    searches[grid.table] = own
    write_whole(path, json.dumps(searches, indent=2) + "\n")
    every = (row for found in searches.values() for row in found["results"])
    write_table(out / "trials.parquet", _COLUMNS, ({**row, "tuned": json.dumps(row["tuned"])} for row in every))
