"""A grid whose target has classes that the source lacks: scores are of the others, and the report says so."""

import io
from pathlib import Path

import attrs
import pyarrow.parquet as pq
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Table, write_table
from acclimate.framework.grid.cell import Shift
from acclimate.framework.grid.display import GridDisplay
from acclimate.framework.grid.plan import Grid, read_recipes
from acclimate.framework.grid.run_cell import read_cell
from acclimate.framework.grid.run_grid import run_cells, write_results
from rich.console import Console

from .grids import SOURCE_ONLY, InThisProcess, labelled_table, make_cells, write_recipe


def open_table(folder: Path, keep: int) -> Table:
    """Of the target's 10 test rows all but the last `keep` are of a class that the source lacks."""
    table = labelled_table(folder)
    known = {row.id for row in table.select("there", "test").rows[-keep:]} if keep else set()
    return table.with_rows(
        attrs.evolve(row, labels={"label": "peel"})
        if (row.domain, row.split) == ("there", "test") and row.id not in known
        else row
        for row in table.rows
    )


def test_scores_are_of_known_classes(tmp_path: Path) -> None:
    write_table(open_table(tmp_path, keep=6), tmp_path / "open.csv")
    write_recipe(tmp_path, "source-only", **SOURCE_ONLY)
    settings = {"stages.0.epochs": 1}
    (cell,) = make_cells(tmp_path, ("source-only",), settings=settings, data="open.csv")
    out = tmp_path / "out"
    grid = Grid(cell.data, (cell.shift,), (cell.recipe,), (0,), settings, "cpu")
    grid.check()
    grid.claim(out, "acclimate compare")
    assert run_cells([cell], out, InThisProcess(), GridDisplay(Console(file=io.StringIO()))) == []
    found = read_cell(out / cell.folder)
    assert found["left_out"]["target"] == {"rows": 4, "of": 10, "classes": {"label": {"peel": 4}}}
    assert found["left_out"]["source"]["rows"] == 0
    right = 6 * next(score["value"] for score in found["scores"] if score["side"] == "target")
    assert right == pytest.approx(round(right))
    write_results(out, ["source-only"])
    line = "- test rows of the target: left out 4 of 10 rows, of classes that the model does not know: 'peel' (4)"
    assert (out / "results.md").read_text(encoding="utf-8").splitlines().count(line) == 1
    row = pq.read_table(out / "cells.parquet").to_pylist()[0]
    assert (row["left_out/target"], row["left_out/source"]) == (4, 0)


def test_a_target_without_a_known_class_is_refused_before_anything_runs(tmp_path: Path) -> None:
    write_table(open_table(tmp_path, keep=0), tmp_path / "unknown.csv")
    recipes = read_recipes((str(write_recipe(tmp_path, "source-only", **SOURCE_ONLY)),), {})
    grid = Grid(str(tmp_path / "unknown.csv"), (Shift(("here",), "there"),), recipes, (0,))
    with pytest.raises(DataError, match=r"but all 10 are of others: 'peel' \(10\)"):
        grid.check()
