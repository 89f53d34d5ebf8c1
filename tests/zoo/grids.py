"""A small finished grid, whose cells are published."""

from pathlib import Path

from acclimate.framework.grid.cell import Cell
from grid.grids import ADAPTING, SOURCE_ONLY, InThisProcess, make_cells, write_labelled_table, write_recipe

SEEDS = (0, 1, 2)


def write_grid(folder: Path) -> dict[tuple[str, int], Cell]:
    """Run a grid of two recipes with three seeds into `folder / "grid"`; its cells by recipe and seed."""
    write_labelled_table(folder)
    return run_grid(folder)


def run_grid(folder: Path) -> dict[tuple[str, int], Cell]:
    """The same on the table that is there."""
    write_recipe(folder, "source-only", **SOURCE_ONLY)
    write_recipe(folder, "adapting", **ADAPTING)
    cells = make_cells(folder, seeds=SEEDS)
    executor = InThisProcess()
    for cell in cells:
        executor.submit(cell, folder / "grid")
    assert all(outcome.error is None for outcome in executor.outcomes())
    return {(cell.recipe.name, cell.seed): cell for cell in cells}
