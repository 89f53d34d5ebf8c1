"""What a choice is made among, and whether a folder is its own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ..data import open_table
from ..data.schema_fitting import fit_tasks
from ..errors import DataError, RecipeError, RunError
from ..experiments.experiment import Experiment
from ..files.folder_lock import LOCK_FILES
from ..files.folders import make_folder
from ..files.whole_file import PART, write_whole
from ..grid.cell import Cell
from ..layout import Task
from ..recipes.recipe import Recipe
from ..runs.run_folder import check_same, read_json
from .candidate_training import CandidateTraining
from .portfolio import MAPPED, SOURCE_ONLY, Portfolio

PLAN_FILE: Final = "plan.json"


@attrs.frozen(eq=False)
class ChoicePlan:
    """What a choice is made among.

    Args:
        portfolio: maps and rungs.
        recipes: of the candidates by name, source-only first.
        cell: data, shift, seed and device of all; its recipe is source-only's.
    """

    portfolio: Portfolio
    recipes: Mapping[str, Recipe]
    cell: Cell

    def training(self, name: str, share: float = 1.0, maps: Mapping[str, Any] | None = None) -> CandidateTraining:
        """What is asked of a candidate.

        Args:
            name: of a recipe; with `MAPPED` behind it, that behind input maps.
            share: of its epochs that it is trained for.
            maps: the input maps that were found.
        """
        recipe = name.removesuffix(MAPPED)
        return CandidateTraining(
            name,
            attrs.evolve(self.cell, recipe=self.recipes[recipe]),
            share,
            reference=None if name == SOURCE_ONLY else SOURCE_ONLY,
            maps={} if recipe == name else dict(maps or {}),
            search=name == SOURCE_ONLY and self.portfolio.maps == "auto",
        )

    def check(self) -> tuple[Task, ...]:
        """Find out before hours of training what cannot be run.

        Returns:
            The tasks that candidates are judged by.

        Raises:
            DataError: if a domain or a split is not there, or no task has classes.
            RecipeError: if a recipe does not fit the data, or validates on other rows than the others.
        """
        cell = self.cell
        table = open_table(cell.data, seed=cell.seed).with_kinds(cell.kinds)
        table.select(cell.shift.target, "train")
        tasks = fit_tasks(table.select(cell.shift.source, "train"), {})
        if all(task.is_regression for task in tasks):
            names = ", ".join(task.name for task in tasks)
            raise DataError(f"a choice needs a task with classes, which candidates can agree on, but got {names}")
        for name, recipe in self.recipes.items():
            if recipe.training.validation != cell.recipe.training.validation:
                raise RecipeError(
                    f"{name}: training.validation must be {cell.recipe.training.validation}, as {SOURCE_ONLY}'s: all "
                    f"candidates are judged on the same rows, but got {recipe.training.validation}"
                )
        opened = {}
        for recipe in self.recipes.values():
            experiment = Experiment(recipe, table, cell.shift.source, cell.shift.target)
            if cell.skip_bad:
                continue
            prepared = json.dumps([recipe.data.preprocessing, recipe.training.augment], sort_keys=True)
            if prepared not in opened:
                opened[prepared] = experiment.open(cell.seed)
            experiment.build(recipe, *opened[prepared])
        return tuple(task for task in tasks if not task.is_regression)

    def claim(self, out: Path) -> None:
        """Make a folder this choice's, or find that it is.

        Raises:
            RunError: if the folder holds something else, or a choice with other settings.
            WriteError: if it cannot be written.
        """
        content = {
            # A student changes no candidate, so a choice that is there may get one, or go on without.
            "portfolio": attrs.asdict(self.portfolio, filter=attrs.filters.exclude("student")),
            "candidates": {name: self.training(name).cell.settings() for name in self.recipes},
        }
        plain: dict[str, Any] = json.loads(json.dumps(content))
        if check_choice_folder(out):
            check_same(read_json(out / PLAN_FILE), plain, out)
            return
        make_folder(out)
        write_whole(out / PLAN_FILE, json.dumps(plain, indent=2) + "\n")


def check_choice_folder(out: Path) -> bool:
    """Whether a folder holds a choice; if not, it must be free for one.

    Raises:
        RunError: if it holds something else.
    """
    if (out / PLAN_FILE).is_file():
        return True
    if out.exists() and not (out.is_dir() and all(map(_is_leftover, out.iterdir()))):
        raise RunError(f"{out} is not empty and holds no choice: give another folder")
    return False


def _is_leftover(path: Path) -> bool:
    """Whether a command that was killed at its start left this."""
    return path.name in LOCK_FILES or (path.name.startswith(f"{PLAN_FILE}.") and path.name.endswith(PART))
