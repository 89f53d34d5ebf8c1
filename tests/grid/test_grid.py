"""What stands in cells and tables is what it says, and no label of a target reaches a run that adapts."""

import io
import json
import math
import pickle
import sys
from collections.abc import Callable, Iterator
from importlib import invalidate_caches
from pathlib import Path

import attrs
import numpy as np
import pyarrow.parquet as pq
import pytest
from acclimate.framework import RecipeError, RunError, load_run
from acclimate.framework.data import Samples, read_table, write_table
from acclimate.framework.evaluation.subsets import drop_table, evaluate
from acclimate.framework.grid.cell import Cell, Shift
from acclimate.framework.grid.display import GridDisplay
from acclimate.framework.grid.executor import Outcome
from acclimate.framework.grid.plan import Grid, read_recipes
from acclimate.framework.grid.report import make_report
from acclimate.framework.grid.results import read_cells
from acclimate.framework.grid.run_cell import is_finished, open_experiment, read_cell, run_cell
from acclimate.framework.grid.run_grid import run_cells, write_results
from acclimate.framework.grid.significance import paired_t_test
from acclimate.framework.training.torch_predictor import TorchPredictor
from loop.small import assert_same_tensors, weights
from rich.console import Console
from scipy.stats import ttest_rel

from .grids import ADAPTING, SOURCE_ONLY, InThisProcess, labelled_table, make_cells, scores, write_recipe

RECIPES = ("source-only", "adapting", "supervised-target")
SETTINGS = {"stages.0.epochs": 4, "training.batch_size": 4}


def test_folders_of_cells_have_names_that_file_systems_take() -> None:
    recipe = read_recipes(("source-only",), {})[0]
    folders = {Cell("t.csv", Shift((f"{300 * 'é'}{end}",), 300 * "b"), recipe, 0).folder for end in "xy"}
    assert len(folders) == 2
    assert all(len(part.encode()) < 256 for folder in folders for part in folder.parts)


def test_a_source_that_is_named_twice_is_one() -> None:
    assert Shift.parse("a+b+a:c") == Shift(("a", "b"), "c")


def silent() -> GridDisplay:
    return GridDisplay(Console(file=io.StringIO()))


@pytest.fixture(scope="module")
def cells(folder: Path) -> list[Cell]:
    return make_cells(folder, RECIPES, seeds=(0, 1), settings=SETTINGS)


@pytest.fixture(scope="module")
def out(cells: list[Cell], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished grid with the upper bound."""
    path = tmp_path_factory.mktemp("grids") / "out"
    assert run_cells(cells, path, InThisProcess(), silent()) == []
    (path / "grid.json").write_text(json.dumps({"commands": ["acclimate compare"]}))
    write_results(path, RECIPES)
    return path


def value(out: Path, cell: Cell, **wanted: object) -> float:
    (found,) = [
        score["value"]
        for score in scores(out, cell)
        if all(score[key] == expected for key, expected in {"modalities": "all", **wanted}.items())
    ]
    assert isinstance(found, float)
    return found


def test_scores_are_those_of_the_checkpoints(out: Path, cells: list[Cell], folder: Path) -> None:
    """Against `evaluate`, the code of `acclimate evaluate`."""
    table = read_table(folder / "labelled.csv")
    for choice, checkpoint in (("last", "last"), ("selected", "best")):
        method, schema, _ = load_run(out / cells[1].folder / "run", checkpoint)
        for side, domain in (("source", "here"), ("target", "there")):
            samples = Samples(table.select(domain, "test"), schema, labelled=True)
            expected = evaluate(TorchPredictor(method.model), samples).tasks["label"]
            for prediction, name in (("fused", "joint"), ("audio", "audio"), ("video", "video")):
                found = value(out, cells[1], choice=choice, side=side, prediction=prediction)
                assert found == pytest.approx(expected[name].main)
        target = Samples(table.select("there", "test"), schema, labelled=True)
        dropped = drop_table(TorchPredictor(method.model), target).tasks["label"]
        for name in ("audio", "video"):
            found = value(out, cells[1], choice=choice, side="target", modalities=name)
            alone = dropped[name,].scores
            assert alone is not None
            assert found == pytest.approx(alone.main)


def test_the_report_of_the_last_epoch_is_the_score_of_the_last_checkpoint(out: Path, cells: list[Cell]) -> None:
    for cell in cells:
        reports = read_cell(out / cell.folder)["epochs"]
        for prediction, expected in reports[-1]["oracle"]["target"]["label"].items():
            assert value(out, cell, choice="last", side="target", prediction=prediction) == pytest.approx(expected)


def test_the_oracle_chooses_the_first_of_the_best_epochs(out: Path, cells: list[Cell]) -> None:
    for cell in cells:
        fused = [row["oracle"]["target"]["label"]["fused"] for row in read_cell(out / cell.folder)["epochs"]]
        chosen = {score["epoch"] for score in scores(out, cell) if score["choice"] == "oracle"}
        assert chosen == {int(np.argmax(fused))}
        assert value(out, cell, choice="oracle", prediction="fused") == max(fused)


def test_of_a_regression_the_lowest_error_is_best(tmp_path: Path) -> None:
    table = labelled_table(tmp_path)
    numbers = table.with_rows(
        attrs.evolve(row, labels={"label": f"{number % 7 + 0.5}"}) for number, row in enumerate(table.rows)
    )
    write_table(numbers, tmp_path / "labelled.csv")
    write_recipe(tmp_path, "source-only", **SOURCE_ONLY)
    (cell,) = make_cells(tmp_path, ("source-only",), settings={"stages.0.epochs": 5})
    run_cell(cell, tmp_path / "out", {})
    fused = [row["oracle"]["target"]["label"]["fused"] for row in read_cell(tmp_path / "out" / cell.folder)["epochs"]]
    assert len(set(fused)) > 1
    assert value(tmp_path / "out", cell, choice="oracle", prediction="fused") == min(fused)
    assert {score["measure"] for score in scores(tmp_path / "out", cell)} == {"mean_absolute_error"}
    text = make_report([read_cell(tmp_path / "out" / cell.folder)], [])
    assert "Task `label`, mean absolute error:" in text


def test_a_task_is_what_the_grid_says_it_is(tmp_path: Path) -> None:
    """Whole numbers are classes, unless someone knows better."""
    table = labelled_table(tmp_path)
    numbers = table.with_rows(
        attrs.evolve(row, labels={"label": f"{number % 7}"}) for number, row in enumerate(table.rows)
    )
    write_table(numbers, tmp_path / "labelled.csv")
    write_recipe(tmp_path, "source-only", **SOURCE_ONLY)
    (plain,) = make_cells(tmp_path, ("source-only",))
    grid = Grid(plain.data, (plain.shift,), (plain.recipe,), (0,), device="cpu", kinds={"label": "regression"})
    grid.check()
    (cell,) = grid.cells()
    assert pickle.loads(pickle.dumps(cell)) == cell  # noqa: S301 - our own
    # What was finished without kinds stays what it is.
    assert set(cell.settings()) - set(plain.settings()) == {"kinds"}
    run_cell(cell, tmp_path / "out", {})
    assert {score["measure"] for score in scores(tmp_path / "out", cell)} == {"mean_absolute_error"}
    assert is_finished(cell, tmp_path / "out")
    with pytest.raises(RunError, match="kinds"):
        is_finished(plain, tmp_path / "out")


OWN_FUSION = """
import torch
from acclimate.adapters import LateSum
from acclimate.framework import RunError

class Sum(LateSum):
    def forward(self, *arguments):
        if FAILS and torch.is_grad_enabled():
            raise RunError("not yet")
        return super().forward(*arguments)
"""


@pytest.fixture
def own(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Cell]]:
    """Writes a class of the user's own that fails or not, and gives a cell with it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(fails: str) -> Cell:
        (tmp_path / "own_fusion.py").write_text(OWN_FUSION.replace("FAILS", fails), encoding="utf-8")
        sys.modules.pop("own_fusion", None)
        invalidate_caches()
        write_recipe(tmp_path, "own", model__fusion={"class_path": "own_fusion.Sum"}, **SOURCE_ONLY)
        (cell,) = make_cells(tmp_path, ("own",), data=str(folder / "labelled.csv"))
        return cell

    yield write
    sys.modules.pop("own_fusion", None)


def test_a_cell_that_failed_begins_anew_when_its_code_was_mended(own: Callable[[str], Cell], tmp_path: Path) -> None:
    cell = own("True")
    with pytest.raises(RunError, match="not yet"):
        run_cell(cell, tmp_path / "out", {})
    assert (tmp_path / "out" / cell.folder / "run" / "config.yaml").is_file()
    cell = own("False")
    run_cell(cell, tmp_path / "out", {})
    assert is_finished(cell, tmp_path / "out")


def test_a_finished_cell_with_other_code_is_named(own: Callable[[str], Cell], tmp_path: Path) -> None:
    cell = own("False")
    run_cell(cell, tmp_path / "out", {})
    with pytest.raises(RunError, match=r"seed0 was trained when own_fusion had other code: remove it"):
        is_finished(own("0"), tmp_path / "out")
    path = tmp_path / "out" / cell.folder / "cell.json"
    content = json.loads(path.read_text())
    del content["settings"]["sources"]  # as cells were finished before there was this key
    path.write_text(json.dumps(content))
    assert is_finished(cell, tmp_path / "out")


def test_a_cell_says_what_it_cost(out: Path, cells: list[Cell]) -> None:
    content = read_cell(out / cells[0].folder)
    assert content["steps"] == 4 * math.ceil(22 / 4)
    paces = [row["seconds_per_step"] for row in content["epochs"]]
    assert min(paces) <= content["seconds_per_step"] <= max(paces)
    assert 0 < content["seconds_per_step"] * content["steps"] < 2 * content["seconds"]


def test_the_upper_bound_alone_trains_on_the_target(out: Path, cells: list[Cell], folder: Path) -> None:
    table = read_table(folder / "labelled.csv")
    for cell in cells:
        experiment = open_experiment(cell, table)
        sides = (experiment.source, experiment.target)
        assert sides == ((("there",), None) if cell.recipe.name == "supervised-target" else (("here",), "there"))
        _, domains = experiment.open()
        for loader in (domains.source, domains.validation):
            assert all(name.startswith(experiment.source[0]) for batch in loader for name in batch.ids)
        content = read_cell(out / cell.folder)
        assert content["trains_on_target_labels"] is (cell.recipe.name == "supervised-target")
    assert not [score for score in scores(out, cells[2]) if score["side"] == "source"]


def test_target_labels_change_the_reports_of_a_run_and_nothing_else(tmp_path: Path) -> None:
    """Weights and choices are bit-equal whatever the target's labels are."""
    classes = ("cut", "stir", "wash")
    table = labelled_table(tmp_path)
    other = table.with_rows(
        attrs.evolve(row, labels={"label": classes[(classes.index(str(row.labels["label"])) + 1) % 3]})
        if row.domain == "there"
        else row
        for row in table.rows
    )
    write_table(table, tmp_path / "labelled.csv")
    write_table(other, tmp_path / "wrong.csv")
    write_recipe(tmp_path, "adapting", **ADAPTING)
    right, wrong = (make_cells(tmp_path, ("adapting",), data=name)[0] for name in ("labelled.csv", "wrong.csv"))
    for cell in (right, wrong):
        run_cell(cell, tmp_path / "out", {})
    runs = [tmp_path / "out" / cell.folder / "run" for cell in (right, wrong)]
    for name in ("last", "best"):
        assert_same_tensors(weights(runs[0], name), weights(runs[1], name))
    contents = [read_cell(tmp_path / "out" / cell.folder) for cell in (right, wrong)]
    assert contents[0]["selection"] == contents[1]["selection"]
    assert contents[0]["scores"] != contents[1]["scores"]


def test_no_other_recipe_may_take_the_name_of_the_upper_bound(tmp_path: Path) -> None:
    path = write_recipe(tmp_path, "supervised-target", **ADAPTING)
    with pytest.raises(RecipeError, match="only our own recipe"):
        read_recipes((str(path),), {})
    with pytest.raises(RecipeError, match="only our own recipe"):
        read_recipes(("supervised-target",), {"name": "renamed"})


def test_a_setting_is_for_all_recipes_or_for_one(folder: Path) -> None:
    adapting = str(folder / "adapting.yaml")
    settings = {"training.batch_size": 5, f"{adapting}:stages.0.epochs": 7, f"{adapting}:training.batch_size": 9}
    source_only, adapted = read_recipes((str(folder / "source-only.yaml"), adapting), settings)
    assert (source_only.training.batch_size, source_only.stages[0].epochs) == (5, 2)
    assert (adapted.training.batch_size, adapted.stages[0].epochs) == (9, 7)
    with pytest.raises(RecipeError, match="must be for one of source-only, but got 'rna:name'"):
        read_recipes(("source-only",), {"rna:name": "other"})


def test_more_seeds_and_recipes_only_add_cells(folder: Path, tmp_path: Path) -> None:
    first, both = make_cells(folder, ("source-only",)), make_cells(folder, seeds=(0, 1))
    executor = InThisProcess()
    run_cells(first, tmp_path, executor, silent())
    run_cells(both, tmp_path, executor, silent())
    assert executor.ran == [first[0].title, *(cell.title for cell in both[1:])]
    assert all(is_finished(cell, tmp_path) for cell in both)


def test_a_finished_cell_with_other_settings_is_an_error(out: Path, cells: list[Cell], folder: Path) -> None:
    (changed,) = make_cells(folder, ("adapting",), settings={**SETTINGS, "training.batch_size": 5})
    with pytest.raises(RunError, match=r"recipe\.training\.batch_size: 4, but is to be resumed with 5"):
        is_finished(changed, out)
    with pytest.raises(RunError, match="digest"):
        is_finished(attrs.evolve(cells[0], digest="another"), out)
    # What a recipe says of itself may be mended.
    recipe = attrs.evolve(cells[0].recipe, description="better words")
    assert is_finished(attrs.evolve(cells[0], recipe=recipe), out)


def test_a_damaged_cell_is_named(tmp_path: Path, cells: list[Cell]) -> None:
    path = tmp_path / cells[0].folder / "cell.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(RunError, match=r"cell\.json cannot be read"):
        is_finished(cells[0], tmp_path)
    path.write_text("[]")
    with pytest.raises(RunError, match="must be a mapping, but is list"):
        read_cells(tmp_path)


def test_parquet_holds_every_score(out: Path, cells: list[Cell]) -> None:
    rows = pq.read_table(out / "results.parquet").to_pylist()
    assert len(rows) == sum(len(scores(out, cell)) for cell in cells)
    wanted = {"recipe": "adapting", "seed": 1, "choice": "selected", "side": "target", "prediction": "video"}
    (row,) = [row for row in rows if all(row[key] == expected for key, expected in wanted.items())]
    assert row["value"] == value(out, cells[4], choice="selected", side="target", prediction="video")
    assert (row["source"], row["target"], row["task"], row["measure"]) == ("here", "there", "label", "accuracy")
    epochs = pq.read_table(out / "epochs.parquet").to_pylist()
    assert len(epochs) == 4 * len(cells)
    assert all(row["oracle/lessons/label/kept"] == pytest.approx(1.0) for row in epochs if row["recipe"] == "adapting")
    assert sum(row["selected"] for row in epochs) == len(cells)


def test_the_report_shows_means_spreads_and_tests(out: Path, cells: list[Cell]) -> None:
    """Recomputed from the cells."""
    text = (out / "results.md").read_text(encoding="utf-8")
    lines = {line.split("|")[1].strip(): line for line in reversed(text.splitlines()) if line.startswith("| `")}
    assert list(lines)[::-1][:3] == ["`source-only`", "`adapting`", "`supervised-target` (oracle: target labels)"]
    numbers = {
        recipe: [
            value(out, cells[index + 3 * seed], choice="last", side="target", prediction="fused") for seed in (0, 1)
        ]
        for index, recipe in enumerate(RECIPES)
    }
    p = ttest_rel(numbers["adapting"], numbers["source-only"]).pvalue
    mean, spread = np.mean(numbers["adapting"]), np.std(numbers["adapting"], ddof=1)
    shown = [cell.strip() for cell in lines["`adapting`"].split("|")]
    assert shown[2] == "2"
    assert shown[3] == f"{mean:.3f} ± {spread:.3f}".replace("0.", ".")
    assert shown[4] == ("-" if np.isnan(p) else f"{p:.3f}".replace("0.", "."))


def test_a_report_without_source_only_has_no_tests(out: Path) -> None:
    cells = [cell for cell in read_cells(out) if cell["settings"]["recipe"]["name"] == "adapting"]
    lines = [line for line in make_report(cells, []).splitlines() if line.startswith("| `adapting`")]
    assert [cell.strip() for cell in lines[0].split("|")][4] == "-"
    assert [cell.strip() for cell in lines[-1].split("|")][-2] == "-"


@pytest.mark.parametrize("count", [2, 5, 9])
def test_the_paired_test_is_scipys(count: int) -> None:
    generator = np.random.default_rng(count)
    for scale in (0.1, 1.0, 10.0):
        first = generator.normal(0.5, scale, count).tolist()
        second = generator.normal(0.0, scale, count).tolist()
        assert paired_t_test(first, second) == pytest.approx(float(ttest_rel(first, second).pvalue), rel=1e-9)


def test_a_test_without_spread_says_nothing() -> None:
    assert paired_t_test([], []) is None
    assert paired_t_test([0.5], [0.4]) is None
    assert paired_t_test([0.3, 0.4, 0.5], [0.2, 0.3, 0.4]) is None
    assert paired_t_test([0.3, 0.4], [0.3, 0.4]) is None
    with pytest.raises(ValueError, match="as many values, but got 1 and 2"):
        paired_t_test([0.3], [0.3, 0.4])


def test_a_shift_may_have_several_sources() -> None:
    shift = Shift.parse("a+b:c")
    assert shift == Shift(("a", "b"), "c")
    assert str(shift) == "a+b:c"


def test_a_cell_survives_the_way_to_its_process(cells: list[Cell]) -> None:
    for cell in cells:
        assert pickle.loads(pickle.dumps(cell)) == cell  # noqa: S301 - our own


def test_folders_take_any_name(cells: list[Cell]) -> None:
    cell = Cell("tables/my rooms.csv", shift=Shift(("a/b", "ç"), "c:d"), recipe=cells[0].recipe, seed=0)
    assert cell.folder == Path("cells", "my_rooms", "a_b+ç-c_d", "source-only", "seed0")


def test_progress_is_a_bar_in_a_terminal_and_lines_elsewhere(cells: list[Cell]) -> None:
    outcomes = [Outcome(cells[0]), Outcome(cells[1], "[it] broke")]
    shown = {}
    for terminal in (False, True):
        console = Console(file=io.StringIO(), force_terminal=terminal, width=200)
        display = GridDisplay(console)
        with display.running(5, 2):
            for outcome in outcomes:
                display.ended(outcome)
        shown[terminal] = console.file.getvalue()  # type: ignore[attr-defined]
    assert "[4/5, " in shown[False]
    assert "adapting seed 0: FAILED: [it] broke" in shown[False]
    assert shown[False].count("\n") == 3
    assert "━" in shown[True]
    assert "4/5" in shown[True]


def test_cells_go_seed_by_seed(folder: Path) -> None:
    recipes = read_recipes((str(folder / "source-only.yaml"), str(folder / "adapting.yaml")), {})
    shifts = (Shift(("here",), "there"), Shift(("there",), "here"))
    grid = Grid(str(folder / "labelled.csv"), shifts, recipes, (0, 1))
    found = [(cell.seed, str(cell.shift), cell.recipe.name) for cell in grid.cells()]
    assert len(set(found)) == 8
    assert [seed for seed, _, _ in found] == [0] * 4 + [1] * 4
