"""A search: as many trials for every recipe, drawn without replacement, chosen without target labels, all recorded."""

import io
import json
from pathlib import Path
from typing import Any

import attrs
import pyarrow.parquet as pq
import pytest
from acclimate.framework import AcclimateError, RecipeError, RunError, read_recipe
from acclimate.framework.grid.cell import Cell, Shift
from acclimate.framework.grid.display import GridDisplay
from acclimate.framework.grid.executor import Outcome
from acclimate.framework.grid.plan import Grid, read_recipes
from acclimate.framework.grid.run_cell import read_cell
from acclimate.framework.grid.run_grid import run_cells
from acclimate.framework.grid.run_search import run_search
from acclimate.framework.grid.search import Search, choose_trial, read_search
from acclimate.framework.recipes.selection import Selection
from rich.console import Console

from .grids import InThisProcess

SPACE: dict[str, list[Any]] = {
    "training.optimizer.init_args.lr": [1e-3, 1e-2, 1e-1],
    "training.batch_size": [4, 8],
    "selection.tolerance": [0.1, 0.2, 1.0],
}
SHIFT = Shift(("here",), "there")


def silent() -> GridDisplay:
    return GridDisplay(Console(file=io.StringIO()))


def make_grid(folder: Path, names: tuple[str, ...] = ("source-only", "adapting")) -> Grid:
    recipes = read_recipes(tuple(str(folder / f"{name}.yaml") for name in names), {"stages.0.epochs": 1})
    return Grid(str(folder / "labelled.csv"), (SHIFT,), recipes, (0,), {"stages.0.epochs": 1}, "cpu")


def test_trials_are_drawn_without_replacement_and_begin_with_the_printed_recipe(folder: Path) -> None:
    (recipe,) = make_grid(folder, ("adapting",)).recipes
    trials = Search({"adapting": SPACE}, trials=18).draw(recipe)
    assert trials[0].recipe == recipe
    assert trials[0].tuned == {}
    assert [trial.number for trial in trials] == list(range(18))
    configs = [json.dumps(trial.recipe.to_config()) for trial in trials]
    assert len(set(configs)) == 18
    for trial in trials[1:]:
        assert set(trial.tuned) == set(SPACE)
        assert trial.recipe.training.batch_size == trial.tuned["training.batch_size"]
        assert trial.recipe.selection.tolerance == trial.tuned["selection.tolerance"]


def test_the_draw_depends_on_the_seed_and_more_trials_begin_with_the_same(folder: Path) -> None:
    (recipe,) = make_grid(folder, ("adapting",)).recipes
    few, many, other = (
        [trial.tuned for trial in Search({"adapting": SPACE}, trials, seed).draw(recipe)]
        for trials, seed in ((4, 0), (9, 0), (9, 1))
    )
    assert many[:4] == few
    assert many != other


def test_a_space_must_be_there_and_have_as_many_settings_as_the_others() -> None:
    recipe = read_recipe("source-only")
    with pytest.raises(RecipeError, match="must name 'source-only'"):
        Search({}).draw(recipe)
    with pytest.raises(RecipeError, match="every recipe gets 8 trials, but its space has only 4 settings"):
        Search({"source-only": {"training.batch_size": [16, 32, 64, 128]}}).draw(recipe)
    with pytest.raises(RecipeError, match="100000 settings at most, but this has 1000000"):
        Search({"source-only": {f"training.{key}": list(range(100)) for key in "abc"}}).draw(recipe)
    with pytest.raises(RecipeError, match=r"unknown key 'training\.batch'"):
        Search({"source-only": {"training.batch": [1, 2]}}, trials=2).draw(recipe)
    assert [trial.tuned for trial in Search({"source-only": {}}).draw(recipe)] == [{}]


def found(source: float, target: float | None) -> dict[str, Any]:
    return {"source_accuracy": source, "target": {} if target is None else {"modality_agreement": target}}


@pytest.mark.parametrize(
    ("selections", "score", "expected"),
    [
        ([found(0.90, 0.5), found(0.86, 0.7), found(0.84, 0.9)], "modality_agreement", 1),
        ([found(0.90, 0.5), found(0.90, 0.5)], "modality_agreement", 0),
        ([found(0.80, 0.9), found(0.90, 0.1)], "source_accuracy", 1),
        ([found(0.80, None), found(0.90, None)], "modality_agreement", 1),
        ([found(-0.80, 0.1), found(-0.82, 0.3), found(-2.0, 0.9)], "modality_agreement", 1),
    ],
)
def test_a_trial_is_chosen_as_a_checkpoint_is(selections: list[dict[str, Any]], score: str, expected: int) -> None:
    assert choose_trial(dict(enumerate(selections)), Selection(score, tolerance=0.05)) == expected


def test_there_must_be_a_trial() -> None:
    with pytest.raises(ValueError, match="at least one trial"):
        choose_trial({}, Selection())


def test_a_search_runs_chooses_and_is_written_down(folder: Path, tmp_path: Path) -> None:
    grid = make_grid(folder)
    search = Search({"source-only": {}, "adapting": SPACE}, trials=3)
    executor = InThisProcess()
    tuned = run_search(grid, search, tmp_path, executor, silent())
    assert len(executor.ran) == 1 + 3
    content = json.loads((tmp_path / "trials.json").read_text())[grid.table]
    assert content["spaces"]["adapting"] == SPACE
    assert content["run_seed"] == 1000
    rows = content["results"]
    assert [(row["recipe"], row["trial"]) for row in rows] == [
        ("source-only", 0),
        ("adapting", 0),
        ("adapting", 1),
        ("adapting", 2),
    ]
    selections = {row["trial"]: found(row["source_accuracy"], row["target/modality_agreement"]) for row in rows[1:]}
    best = choose_trial(selections, grid.recipes[1].selection)
    assert [row["trial"] for row in rows if row["chosen"]] == [0, best]
    assert tuned[SHIFT, "adapting"] == (search.draw(grid.recipes[1])[best].recipe, rows[1 + best]["tuned"])
    table = pq.read_table(tmp_path / "trials.parquet").to_pylist()
    assert [row["oracle/label"] for row in table] == [row["oracle/label"] for row in rows]
    (_, cell) = grid.cells(tuned)
    run_cells([cell], tmp_path, executor, silent())
    assert read_cell(tmp_path / cell.folder)["tuned"] == rows[1 + best]["tuned"]
    again = InThisProcess()
    assert run_search(grid, search, tmp_path, again, silent()) == tuned
    assert again.ran == []


def test_a_search_on_one_shift_serves_all(folder: Path, tmp_path: Path) -> None:
    back = Shift(("there",), "here")
    grid = attrs.evolve(make_grid(folder, ("adapting",)), shifts=(SHIFT, back))
    search, executor = Search({"adapting": SPACE}, trials=2, shift=back), InThisProcess()
    tuned = run_search(grid, search, tmp_path, executor, silent())
    assert executor.ran == [f"labelled there:here adapting trial {number}" for number in range(2)]
    assert tuned[SHIFT, "adapting"] == tuned[back, "adapting"]
    assert json.loads((tmp_path / "trials.json").read_text())[grid.table]["shift"] == {
        "source": ["there"],
        "target": "here",
    }
    assert [cell.shift for cell in grid.cells(tuned)] == [SHIFT, back]


class Spoiled(InThisProcess):
    """Some trials come to a bad end."""

    def __init__(self, errors: dict[int, Outcome]) -> None:
        super().__init__()
        self.errors = errors

    def outcomes(self) -> Any:  # noqa: ANN401
        """They do not run."""
        spoiled = [cell for cell, _ in self.cells if cell.trial in self.errors]
        self.cells = [(cell, out) for cell, out in self.cells if cell.trial not in self.errors]
        yield from super().outcomes()
        for cell in spoiled:
            yield attrs.evolve(self.errors[cell.trial or 0], cell=cell)


def test_a_trial_that_fails_is_not_chosen_and_one_that_was_killed_must_run_again(folder: Path, tmp_path: Path) -> None:
    grid = make_grid(folder, ("adapting",))
    search = Search({"adapting": {"training.batch_size": [5, 6]}}, trials=2)
    (cell,) = grid.cells()
    diverged, killed = Outcome(cell, "losses are not finite"), Outcome(cell, "killed by signal 9", killed=True)
    with pytest.raises(RunError, match=r"1 trial\(s\) were killed, such as labelled here:there adapting trial 1"):
        run_search(grid, search, tmp_path, Spoiled({1: killed}), silent())
    tuned = run_search(grid, search, tmp_path, Spoiled({1: diverged}), silent())
    assert tuned[SHIFT, "adapting"][1] == {}
    rows = json.loads((tmp_path / "trials.json").read_text())[grid.table]["results"]
    assert [row["error"] for row in rows] == [None, "losses are not finite"]
    with pytest.raises(RunError, match="all trials of adapting on here:there failed: losses"):
        run_search(grid, search, tmp_path / "other", Spoiled({0: diverged, 1: diverged}), silent())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "not valid YAML"),
        ("{1: {}}", "must map names of recipes"),
        ("adapting: {3: [1]}", "keys must be those of a recipe, but one is 3"),
        ("adapting: {a: &a [1]}", "anchors"),
        ("[1]", "must map names of recipes"),
        ("adapting: 3", "must map names of recipes"),
        ("adapting: {training.batch_size: 3}", "adapting: training.batch_size must be a list of values"),
        ("adapting: {training.batch_size: []}", "must be a list of values"),
    ],
)
def test_a_file_that_is_no_search_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(text)
    with pytest.raises(AcclimateError, match=words) as caught:
        read_search(path, 8, 0)
    assert str(path) in str(caught.value)
    with pytest.raises(AcclimateError, match="expected a file, but found none"):
        read_search(tmp_path / "none.yaml", 8, 0)


def test_trials_have_a_seed_of_their_own(folder: Path) -> None:
    grid, search = make_grid(folder), Search({}, seed=3)
    cell: Cell = grid.make_cell(SHIFT, grid.recipes[0], search.run_seed, trial=2)
    assert cell.seed == 1003
    assert cell.folder == Path("search", "labelled", "here-there", "source-only", "trial2")
