"""The cells of a grid that differ in their seed alone: which to take, without target labels, and the spread."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from ...framework.errors import ZooError
from ...framework.files.hashes import file_sha256
from ...framework.grid.cell import Shift, data_name
from ...framework.grid.cell_file import CELL_FILE, read_cell
from ...framework.grid.search import choose_trial
from ...framework.recipes.recipe import Recipe, parse_recipe
from ...framework.report.finished_run import FinishedRun
from .numbers import Number, Numbers, read_cell_numbers

BASELINE: Final = "source-only"


@attrs.frozen(eq=False)
class SeedCells:
    """A recipe on a shift with several seeds.

    Args:
        recipe: the method.
        folders: of the cells, by seed.
        selections: by seed, what was measured at the epoch that was selected, without target labels.
        numbers: by seed, the scores (on the target: oracle).
        source_only: the same of source-only.
        threads: by seed, that trained it.
    """

    recipe: Recipe
    folders: Mapping[int, Path]
    selections: Mapping[int, Mapping[str, Any]]
    numbers: Mapping[int, Numbers]
    source_only: Mapping[int, Numbers]
    threads: Mapping[int, int]

    def choose(self) -> int:
        """The seed to take, by the rule that chooses epochs and trials: no label of the target is looked at."""
        return choose_trial(self.selections, self.recipe.selection)

    def describe_choice(self, seed: int) -> str:
        """How a seed was chosen, in words."""
        seeds, rule = f"{len(self.selections)} seeds", self.recipe.selection
        chosen = self.choose()
        if len(self.selections) == 1:
            return "No other seed was trained with these settings."
        if seed not in self.selections:
            return f"Seed {seed} was given; {seeds} of the same settings, of which it is none, make the spread."
        if seed != chosen:
            return f"Of {seeds}, seed {seed} was given; the rule, which needs no target labels, would take {chosen}."
        if rule.name == "source_accuracy":
            return f"Of {seeds}, seed {seed} has the highest score on the source's validation rows."
        return (
            f"Of {seeds}, seed {seed} has the highest {rule.name}, which needs no labels, among those whose accuracy "
            f"on the source's validation rows lies within {rule.tolerance} of the best."
        )

    def spread(self, number: Number) -> Iterator[float]:
        """A number of every seed that has it."""
        return (found[number] for found in self.numbers.values() if number in found)

    def spread_of_source_only(self, number: Number) -> Iterator[float]:
        """The same of source-only."""
        return (found[number] for found in self.source_only.values() if number in found)


def find_cells(grid: Path, data: str, shift: Shift | None, recipe: str) -> SeedCells:
    """The finished cells of a recipe on a shift of a data set.

    Args:
        grid: folder of a grid.
        data: name of the data set or table, as the grid's folders are called, or path of the table.
        shift: domains; None where the grid has one shift of these data.
        recipe: its name.

    Raises:
        ZooError: if there are none, or of several shifts, or with several settings.
    """
    every = list(_read(grid))
    cells = _of_data(every, data)
    if not cells:
        raise ZooError(f"{grid} has finished cells of {_list(cell.data for cell in every)}, but none of {data}.")
    shifts = {cell.shift for cell in cells}
    if shift is None and len(shifts) > 1:
        raise ZooError(f"{grid} has several shifts of {data}: give one of {_list(map(str, shifts))}.")
    shift = shift or next(iter(shifts))
    cells = [cell for cell in cells if cell.shift == shift]
    own = [cell for cell in cells if cell.recipe.name == recipe]
    if not own:
        known = _list(cell.recipe.name for cell in cells)
        raise ZooError(f"{grid} has finished cells of {known} on {data} {shift}, but none of {recipe}.")
    if any(cell.recipe != own[0].recipe for cell in own):
        raise ZooError(f"{grid}: the cells of {recipe} on {data} {shift} differ in more than their seed.")
    return SeedCells(
        recipe=own[0].recipe,
        folders={cell.seed: cell.folder for cell in own},
        selections={cell.seed: cell.content["selection"] for cell in own},
        numbers={cell.seed: read_cell_numbers(cell.content) for cell in own},
        source_only={cell.seed: read_cell_numbers(cell.content) for cell in cells if cell.recipe.name == BASELINE},
        threads={cell.seed: cell.content["environment"]["threads"] for cell in own},
    )


def find_cells_of(run: FinishedRun, grid: Path) -> SeedCells:
    """The finished cells with the settings of a run.

    Raises:
        ZooError: if there are none.
    """
    if run.target is None:
        raise ZooError(f"{run.path} has no target, so no cell of a grid is like it.")
    found = find_cells(grid, run.table, Shift(run.source, run.target), run.recipe.name)
    if found.recipe != attrs.evolve(run.recipe, description=found.recipe.description):
        raise ZooError(f"{grid}: the cells of {run.recipe.name} were trained with other settings than {run.path}.")
    return found


@attrs.frozen(eq=False)
class _Found:
    """A finished cell."""

    folder: Path
    content: Mapping[str, Any]
    data: str
    digest: str | None
    shift: Shift
    recipe: Recipe
    seed: int


def _read(grid: Path) -> Iterator[_Found]:
    for path in sorted((grid / "cells").rglob(CELL_FILE)):
        content = read_cell(path.parent)
        if content["trains_on_target_labels"]:
            continue
        settings = content["settings"]
        yield _Found(
            folder=path.parent,
            content=content,
            data=path.relative_to(grid).parts[1],
            digest=settings.get("digest"),
            shift=Shift(tuple(settings["source"]), settings["target"]),
            recipe=parse_recipe(settings["recipe"], str(path)),
            seed=settings["seed"],
        )


def _of_data(cells: Sequence[_Found], data: str) -> list[_Found]:
    """Those of the very file, wherever it lies; where no cell is, those of a table of that name."""
    digest = file_sha256(Path(data)) if Path(data).is_file() else None
    own = [cell for cell in cells if digest is not None and cell.digest == digest]
    return own or [cell for cell in cells if cell.data in {data, data_name(data)}]


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "nothing"
