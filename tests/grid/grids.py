"""Small tables, recipes and grids."""

import json
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import attrs
import yaml
from acclimate.framework import AcclimateError
from acclimate.framework.data import Table, read_table, write_table
from acclimate.framework.grid.cell import Cell, Shift
from acclimate.framework.grid.executor import Executor, Outcome
from acclimate.framework.grid.plan import Grid, read_recipes
from acclimate.framework.grid.run_cell import run_cell
from loop.small import class_spec, make_recipe, write_table as write_small_table

ADAPTING = {
    "aligners": {"classification": class_spec("Supervised"), "information": class_spec("InformationMaximisation")},
    "selector": class_spec("FusedArgmax"),
    "selection": {"score": "modality_agreement", "tolerance": 1.0},
}
SOURCE_ONLY = {"stages": [{"name": "only", "epochs": 2, "target": False}]}


def labelled_table(folder: Path) -> Table:
    """Two domains with training and test rows, all of them with labels; `here` has validation rows too."""
    table = read_table(write_small_table(folder))
    copies = [attrs.evolve(row, id=f"{row.id}-test", split="test") for row in table.rows if row.split == "train"]
    return table.with_rows([*table.rows, *copies])


def write_labelled_table(folder: Path) -> Path:
    """Such a table on disk."""
    path = folder / "labelled.csv"
    write_table(labelled_table(folder), path)
    return path


def write_recipe(folder: Path, name: str, **changes: object) -> Path:
    """A small recipe as a file."""
    config = json.loads(json.dumps(make_recipe(**changes, name=name).to_config()))
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def make_cells(
    folder: Path,
    recipes: tuple[str, ...] = ("source-only", "adapting"),
    seeds: tuple[int, ...] = (0,),
    settings: Mapping[str, Any] | None = None,
    data: str = "labelled.csv",
) -> list[Cell]:
    """Cells of the recipes in a folder, on the CPU."""
    names = tuple(name if name == "supervised-target" else str(folder / f"{name}.yaml") for name in recipes)
    shift = Shift(("here",), "there")
    found = read_recipes(names, settings or {})
    return list(Grid(str(folder / data), (shift,), found, seeds, settings or {}, "cpu").cells())


@attrs.define(eq=False)
class InThisProcess(Executor):
    """Runs cells here, one after the other."""

    cells: list[tuple[Cell, Path]] = attrs.field(factory=list)
    ran: list[str] = attrs.field(factory=list)

    def submit(self, cell: Cell, out: Path) -> None:
        """Queue."""
        self.cells.append((cell, out))

    def outcomes(self) -> Generator[Outcome]:
        """Run."""
        while self.cells:
            cell, out = self.cells.pop(0)
            self.ran.append(cell.title)
            try:
                run_cell(cell, out, {})
            except AcclimateError as error:
                yield Outcome(cell, str(error))
            else:
                yield Outcome(cell)


def scores(out: Path, cell: Cell) -> list[dict[str, Any]]:
    """The scores of a finished cell."""
    found: list[dict[str, Any]] = json.loads((out / cell.folder / "cell.json").read_text())["scores"]
    return found
