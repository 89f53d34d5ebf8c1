"""A grid: which cells there are, whether they can be run, and whether a folder is theirs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from ..data import Schema, Table, UnknownClasses, keep_known, open_table
from ..data.labels import TaskKind
from ..data.schema_fitting import fit_tasks
from ..data.table_identity import identify_table
from ..errors import RecipeError, RunError
from ..experiments.experiment import Experiment
from ..files.folder_lock import LOCK_FILES
from ..files.folders import make_folder
from ..files.whole_file import PART, write_whole
from ..recipes.recipe import Recipe
from ..recipes.recipe_files import read_recipe
from ..runs.run_folder import check_same, read_json
from ..training.oracle import check_labels
from .cell import SUPERVISED_TARGET, Cell, Shift, data_name, file_name
from .tables import GridTable, name_table, read_tables

if TYPE_CHECKING:
    from ..training.domains import Domains

GRID_FILE: Final = "grid.json"

Tuned: TypeAlias = Mapping[tuple[Shift, str], tuple[Recipe, Mapping[str, Any]]]
"""What a search chose: by shift and recipe's name, the recipe, and what differs from the printed one."""


@attrs.frozen(slots=False)
class Grid:
    """Every recipe on every shift with every seed.

    Args:
        data: name of a built-in data set, or path of a table; the target's test rows carry labels, for reports.
        shifts: domains.
        recipes: the methods, with all overrides.
        seeds: of the runs.
        settings: the overrides that were asked for, as `read_recipes` takes them.
        device: where cells train.
        trunk_cache: see `Cell`.
        prepared_cache: see `Cell`.
        kinds: see `Cell`.
        skip_bad: see `Cell`.
        table: see `Cell`; `claim` finds it.
    """

    data: str
    shifts: tuple[Shift, ...]
    recipes: tuple[Recipe, ...]
    seeds: tuple[int, ...]
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    trunk_cache: tuple[str, int] | None = None
    prepared_cache: tuple[str, int] | None = attrs.field(default=None, kw_only=True)
    kinds: Mapping[str, TaskKind] = attrs.field(factory=dict)
    skip_bad: bool = False
    table: str = attrs.field()

    @table.default
    def _default_table(self) -> str:
        return file_name(data_name(self.data))

    @cached_property
    def digest(self) -> str | None:
        """Of the table's file; None for a built-in data set."""
        return identify_table(self.data).digest

    def make_cell(
        self,
        shift: Shift,
        recipe: Recipe,
        seed: int,
        *,
        tuned: Mapping[str, Any] | None = None,
        trial: int | None = None,
    ) -> Cell:
        """One cell on this data; the arguments are those of `Cell`."""
        return Cell(
            self.data,
            shift,
            recipe,
            seed,
            device=self.device,
            digest=self.digest,
            tuned=tuned or {},
            trial=trial,
            trunk_cache=self.trunk_cache,
            prepared_cache=self.prepared_cache,
            kinds=self.kinds,
            table=self.table,
            skip_bad=self.skip_bad,
        )

    def cells(self, tuned: Tuned | None = None) -> Iterator[Cell]:
        """All cells, seed by seed, so that a grid that is stopped early has something of everything.

        Args:
            tuned: what a search chose; None takes the recipes as they are.
        """
        for seed in self.seeds:
            for shift in self.shifts:
                for recipe in self.recipes:
                    chosen, changes = (tuned or {}).get((shift, recipe.name), (recipe, {}))
                    yield self.make_cell(shift, chosen, seed, tuned=changes)

    def check(self, others: Iterable[Recipe] = (), shifts: Iterable[Shift] = ()) -> tuple[str, ...]:
        """Find out before hours of training what cannot be run, and what may not be meant.

        Args:
            others: further recipes, such as a search's trials.
            shifts: further shifts, such as a search's own.

        Returns:
            Doubts about the data of the first shift, in words, and test rows that no score will be of.

        Raises:
            DataError: if a domain, a split or a task is not there, or labels that reports need.
            RecipeError: if a recipe does not fit the data.
        """
        table = open_table(self.data, seed=self.seeds[0]).with_kinds(self.kinds)
        upper_bound = any(recipe.name == SUPERVISED_TARGET for recipe in self.recipes)
        left_out = {
            f"shift {shift}: {unknown}": None
            for shift in (*self.shifts, *shifts)
            if (unknown := _check_shift(table, shift, upper_bound=upper_bound))
        }
        shift = self.shifts[0]
        doubts: dict[str, None] = {}
        opened: dict[str, tuple[Schema, Domains]] = {}
        for recipe in (*self.recipes, *others):
            experiment = Experiment(recipe, table, shift.source, shift.target)
            views = {name: view.augment for name, view in recipe.training.views.items()}
            prepared = json.dumps([recipe.data.preprocessing, recipe.training.augment, views], sort_keys=True)
            if prepared not in opened:
                if self.skip_bad:
                    experiment = attrs.evolve(experiment, skipped=experiment.find_bad_rows())
                opened[prepared] = experiment.open(self.seeds[0])
                found = experiment.find_doubts(opened[prepared][0], self.seeds[0])
                doubts |= dict.fromkeys(doubt.message for doubt in found)
            experiment.build(recipe, *opened[prepared])
        return (*doubts, *left_out)

    def claim(self, out: Path, command: str) -> "Grid":
        """Make a folder this grid's, or add to the grid that is there; each data set has its own overrides.

        Args:
            out: folder.
            command: what was asked for, to be written down.

        Returns:
            This grid, with the name that its table has there.

        Raises:
            RunError: if the folder holds something else, a grid with other settings, or one that knows the table's file
                with other content.
            WriteError: if it cannot be written.
        """
        before = read_grid(out) if check_grid_folder(out) else {}
        tables = read_tables(out, before)
        own = GridTable.of(self.data, self.digest)
        name = name_table(own, tables, out)
        # By path, where it was written before tables had names.
        paths = {table.path: known for known, table in tables.items()} | {self.data: name}
        settings = {paths.get(key, key): value for key, value in before.get("settings", {}).items()}
        if name in settings:
            check_same(settings[name], json.loads(json.dumps(dict(self.settings))), out)
        content = {
            "settings": settings | {name: dict(self.settings)},
            "tables": {known: attrs.asdict(table) for known, table in ({name: own} | tables).items()},
            "commands": list(dict.fromkeys([*before.get("commands", []), command])),
        }
        make_folder(out)
        write_whole(out / GRID_FILE, json.dumps(content, indent=2) + "\n")
        return attrs.evolve(self, table=name)


def check_grid_folder(out: Path) -> bool:
    """Whether a folder holds a grid; if not, it must be free for one.

    Raises:
        RunError: if it holds something else.
    """
    if (out / GRID_FILE).is_file():
        return True
    if out.exists() and not (out.is_dir() and all(map(_is_leftover, out.iterdir()))):
        raise RunError(f"{out} is not empty and holds no grid: give another folder")
    return False


def _is_leftover(path: Path) -> bool:
    """Whether a command that was killed at its start left this."""
    return path.name in LOCK_FILES or (path.name.startswith(f"{GRID_FILE}.") and path.name.endswith(PART))


def read_grid(out: Path) -> dict[str, Any]:
    """What a folder's grid.json holds.

    Raises:
        RunError: if it cannot be read.
    """
    return read_json(out / GRID_FILE)


def read_recipes(names: tuple[str, ...], settings: Mapping[str, Any]) -> tuple[Recipe, ...]:
    """Recipes by name or path, with overrides.

    Args:
        names: or paths.
        settings: by dotted key, for all recipes; by `RECIPE:KEY`, for the one of that name or path alone.

    Raises:
        RecipeError: if one cannot be read, two have the same name, one takes the name of the upper bound, or a setting
            is for a recipe that is not there.
    """
    for setting in settings:
        owner = _split_setting(setting)[0]
        if owner and owner not in names:
            raise RecipeError(f"settings must be for one of {', '.join(names)}, but got {setting!r}")
    recipes = tuple(read_recipe(name, _settings_of(name, settings)) for name in names)
    for name, recipe in zip(names, recipes, strict=True):
        if (name == SUPERVISED_TARGET) != (recipe.name == SUPERVISED_TARGET):
            raise RecipeError(
                f"{name}: only our own recipe {SUPERVISED_TARGET!r}, which sees the target's labels, may be called so"
            )
    twice = {recipe.name for recipe in recipes if [other.name for other in recipes].count(recipe.name) > 1}
    if twice:
        raise RecipeError(f"every recipe must have a name of its own, but {min(twice)!r} is given more than once")
    return recipes


def _settings_of(recipe: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What holds for all recipes, then what is this one's own."""
    parted = [(*_split_setting(setting), value) for setting, value in settings.items()]
    own = [{key: value for owner, key, value in parted if owner == who} for who in ("", recipe)]
    return own[0] | own[1]


def _split_setting(setting: str) -> tuple[str, str]:
    owner, _, key = setting.rpartition(":")
    return owner, key


def _check_shift(table: Table, shift: Shift, *, upper_bound: bool) -> UnknownClasses:
    for domains in (shift.source, shift.target):
        for split in ("train", "test"):
            table.select(domains, split)
    for domain in shift.source:
        check_labels(table, domain, "test")
    check_labels(table, shift.target, "test")
    _, left_out = keep_known(table.select(shift.target, "test"), fit_tasks(table.select(shift.source, "train"), {}))
    if upper_bound:
        check_labels(table, shift.target, "train")
    return left_out
