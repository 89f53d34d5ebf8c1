"""Runs become checkpoints of a mirror, with the numbers that the run has, and a seed that no target label chose."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import attrs
import pytest
import yaml
from acclimate.framework.data import write_table
from acclimate.framework.errors import ZooError
from acclimate.framework.grid.cell import Cell
from acclimate.framework.report.finished_run import read_run
from acclimate.framework.runs.run_folder import read_json
from acclimate.zoo.adapted_model import AdaptedModel
from acclimate.zoo.folder import open_folder
from acclimate.zoo.names import HASHES_FILE
from acclimate.zoo.publishing import LOCK_FILE, publish_folder, read_registry
from acclimate.zoo.runs.seeds import find_cells
from filelock import FileLock
from grid.grids import labelled_table

from acclimate.__main__ import main

from .grids import SEEDS, run_grid, write_grid
from .test_adapted_model import rehash

# Each trains models of its own, whose graphs no other test has.
pytestmark = pytest.mark.usefixtures("exports")

NAME = "adapting.labelled"
LICENCES = ["--licence", "Apache-2.0", "--data-licence", "CC0-1.0"]


@attrs.frozen
class Grid:
    """A finished grid, and the mirror that one of its recipes was published in."""

    folder: Path
    cells: dict[tuple[str, int], Cell]

    @property
    def out(self) -> Path:
        """Of the grid."""
        return self.folder / "grid"

    @property
    def table(self) -> Path:
        """That it was trained on."""
        return self.folder / "labelled.csv"

    def run(self, recipe: str, seed: int) -> Path:
        """Folder of a cell's run."""
        return self.out / self.cells[recipe, seed].folder / "run"

    def arguments(self, mirror: Path, recipe: str = "adapting") -> list[str]:
        """Of the command that publishes a recipe's chosen cell."""
        chosen = ["--grid", str(self.out), "--data", str(self.table), "--recipe", recipe]
        return ["zoo", "publish", *chosen, "--to", str(mirror), *LICENCES]


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Grid:
    folder = tmp_path_factory.mktemp("published")
    return Grid(folder, write_grid(folder))


@pytest.fixture(scope="module")
def mirror(grid: Grid) -> Path:
    """Nothing in it may be changed."""
    folder = grid.folder / "mirror"
    assert main(grid.arguments(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def adapted_run(mirror: Path) -> AdaptedModel:
    return AdaptedModel.from_folder(mirror / NAME)


def cell_scores(grid: Grid, recipe: str, seed: int) -> dict[tuple[str, str, str], float]:
    """Of the selected epoch, by side, prediction and modalities."""
    scores = read_json(grid.out / grid.cells[recipe, seed].folder / "cell.json")["scores"]
    return {
        (row["side"], row["prediction"], row["modalities"]): row["value"]
        for row in scores
        if row["choice"] == "selected"
    }


def error_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_the_card_has_the_numbers_that_evaluate_finds(grid: Grid, adapted_run: AdaptedModel, tmp_path: Path) -> None:
    run, out = grid.run("adapting", adapted_run.config.trained_on.seed), tmp_path / "scores.json"
    data = ["--data", str(grid.table), "--domain", "there", "--no-timing", "--json", str(out)]
    assert main(["evaluate", str(run), *data]) == 0
    scores: Any = json.loads(out.read_text())
    task = adapted_run.metrics.tasks["label"]
    found = scores["tasks"]["label"] if "tasks" in scores else scores["scores"]["tasks"]["label"]
    assert {name: score.value for name, score in task.target.items()} == {
        "fused" if name == "joint" else name: row["accuracy"] for name, row in found.items()
    }
    assert {name: score.value for name, score in task.drop.items()} == {
        name: row["accuracy"] for name, row in scores["drop"]["label"].items()
    }
    assert list(task.drop) == ["audio+video", "audio", "video"]


def test_mean_and_spread_are_of_all_seeds_of_the_grid(grid: Grid, adapted_run: AdaptedModel) -> None:
    task, seed = adapted_run.metrics.tasks["label"], adapted_run.config.trained_on.seed
    for recipe, score, key in (
        ("adapting", task.source["fused"], ("source", "fused", "all")),
        ("adapting", task.target["video"], ("target", "video", "all")),
        ("adapting", task.drop["audio"], ("target", "fused", "audio")),
        ("source-only", task.source_only, ("target", "fused", "all")),
    ):
        values = [cell_scores(grid, recipe, other)[key] for other in SEEDS]
        assert score is not None
        assert (score.value, score.seeds) == (values[seed], len(SEEDS))
        assert (score.mean, score.std) == (pytest.approx(fmean(values)), pytest.approx(stdev(values)))


def test_the_seed_is_the_one_that_the_recipe_would_select(grid: Grid, adapted_run: AdaptedModel) -> None:
    """The rule's tolerance is 1: no source accuracy is too low, and the highest agreement decides."""
    agreement = {
        seed: read_json(grid.run("adapting", seed) / "summary.json")["best"]["target"]["modality_agreement"]
        for seed in SEEDS
    }
    assert len(set(agreement.values())) == len(SEEDS)
    assert adapted_run.config.trained_on.seed == max(agreement, key=lambda seed: agreement[seed])
    assert "highest modality_agreement" in adapted_run.metrics.chosen_among
    assert f"of 3 seeds, seed {adapted_run.config.trained_on.seed}" in adapted_run.metrics.chosen_among.lower()


def test_the_choice_does_not_look_at_target_labels(grid: Grid, adapted_run: AdaptedModel, tmp_path: Path) -> None:
    """The same grid, trained on a table whose target has wrong labels everywhere."""
    table = labelled_table(tmp_path)
    wrong = {"cut": "stir", "stir": "wash", "wash": "cut"}
    rows = [
        attrs.evolve(row, labels={"label": wrong[str(row.labels["label"])]}) if row.domain == "there" else row
        for row in table.rows
    ]
    write_table(table.with_rows(rows), tmp_path / "labelled.csv")
    cells = run_grid(tmp_path)
    other = Grid(tmp_path, cells)
    found = find_cells(other.out, "labelled", None, "adapting")
    assert found.choose() == adapted_run.config.trained_on.seed
    assert cell_scores(other, "adapting", 0) != cell_scores(grid, "adapting", 0)


def test_a_run_is_published_as_well_and_its_source_only_is_beside_it(
    grid: Grid, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, mirror = tmp_path / "run", tmp_path / "mirror"
    data = ["--data", str(grid.table), "--source", "here", "--target", "there", "--device", "cpu"]
    assert main(["adapt", str(grid.folder / "adapting.yaml"), *data, "--out", str(run)]) == 0
    assert main(["zoo", "publish", str(run), "--name", "mine.rooms", "--to", str(mirror), *LICENCES]) == 0
    assert "No other seed was compared." in capsys.readouterr().out
    adapted = AdaptedModel.from_folder(mirror / "mine.rooms")
    assert adapted.metrics.tasks["label"].target["fused"].std is None
    assert main(["evaluate", str(run / "source-only"), *data[:2], "--domain", "there", "--no-timing", "--json",
                 str(tmp_path / "scores.json")]) == 0  # fmt: skip
    found: Any = json.loads((tmp_path / "scores.json").read_text())
    source_only = adapted.metrics.tasks["label"].source_only
    assert source_only is not None
    assert source_only.value == found["drop"]["label"]["audio+video"]["accuracy"]
    assert adapted.config.trained_on.data == "labelled"


def test_a_run_with_the_settings_of_a_grid_gets_its_spread(grid: Grid, tmp_path: Path) -> None:
    given = next(seed for seed in SEEDS if seed != find_cells(grid.out, "labelled", None, "adapting").choose())
    run = grid.run("adapting", given)
    arguments = ["zoo", "publish", str(run), "--grid", str(grid.out), "--to", str(tmp_path), *LICENCES]
    assert main(arguments) == 0
    found = AdaptedModel.from_folder(tmp_path / NAME).metrics
    assert found.tasks["label"].target["fused"].seeds == len(SEEDS)
    assert f"seed {given} was given; the rule, which needs no target labels, would take" in found.chosen_among


def test_a_cell_is_trained_again_to_the_same_bits(
    grid: Grid, mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = [*grid.arguments(tmp_path / "mirror"), "--again", str(tmp_path / "again")]
    assert main(again) == 0
    assert "the weights are bit-equal to those of" in capsys.readouterr().out
    hashes = [open_folder(folder / NAME).hashes["model.safetensors"] for folder in (mirror, tmp_path / "mirror")]
    assert hashes[0] == hashes[1]


def test_what_is_there_already_stays_and_another_needs_replace(
    grid: Grid, mirror: Path, saved: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(mirror, tmp_path / "mirror"))
    before = (copy / "registry.json").read_bytes()
    assert not publish_folder(open_folder(mirror / NAME), copy).changed
    assert (copy / "registry.json").read_bytes() == before
    other = Path(shutil.copytree(saved, tmp_path / "other"))
    document = json.loads((other / "config.json").read_text())
    document["checkpoint"]["name"] = NAME
    (other / "config.json").write_text(json.dumps(document))
    rehash(other)
    with pytest.raises(ZooError, match=f"has another {NAME} already"):
        publish_folder(open_folder(other), copy)
    assert (copy / "registry.json").read_bytes() == before
    assert open_folder(copy / NAME).hashes == open_folder(mirror / NAME).hashes
    assert publish_folder(open_folder(other), copy, replace=True).changed
    assert read_registry(copy / "registry.json").find(NAME).recipe == "modfinity"
    # The command does the same.
    assert main([*grid.arguments(copy), "--replace"]) == 0
    entry = read_registry(copy / "registry.json").find(NAME)
    hashes = {name: file.sha256 for name, file in entry.files.items() if name != HASHES_FILE}
    assert hashes == open_folder(copy / NAME).hashes == open_folder(mirror / NAME).hashes


def test_a_dry_run_says_what_would_be_and_changes_nothing(
    grid: Grid, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*grid.arguments(tmp_path / "mirror"), "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "would be there" in said
    assert "label: accuracy on the source" in said
    assert not (tmp_path / "mirror").exists()


def test_several_publish_at_once(saved: Path, tmp_path: Path) -> None:
    folders = []
    for number in range(4):
        folder = Path(shutil.copytree(saved, tmp_path / str(number)))
        document = json.loads((folder / "config.json").read_text())
        document["checkpoint"]["name"] = f"modfinity.moods-{number}"
        (folder / "config.json").write_text(json.dumps(document))
        rehash(folder)
        folders.append(open_folder(folder))
    mirror = tmp_path / "mirror"
    with ThreadPoolExecutor(len(folders)) as threads:
        list(threads.map(lambda folder: publish_folder(folder, mirror), folders))
    registry = read_registry(mirror / "registry.json")
    assert sorted(registry.entries) == [f"modfinity.moods-{number}" for number in range(4)]
    assert {path.name for path in mirror.iterdir()} == {*registry.entries, "registry.json", LOCK_FILE}


def test_a_mirror_that_another_holds_is_not_waited_for_forever(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acclimate.zoo.publishing.PATIENCE", 0.1)
    with FileLock(tmp_path / LOCK_FILE), pytest.raises(ZooError, match="is written by another process"):
        publish_folder(open_folder(saved), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]


def test_the_picture_shows_rows_of_both_sides_by_class(adapted_run: AdaptedModel) -> None:
    points = adapted_run.metrics.points
    sides = [point.side for point in points]
    assert (sides.count("source"), sides.count("target")) == (22, 10)  # all test rows
    assert {point.label for point in points} == {"cut", "stir", "wash"}


def test_without_scikit_learn_there_is_no_picture(
    grid: Grid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("acclimate.zoo.runs.measuring.can_embed", lambda: False)
    assert main(grid.arguments(tmp_path)) == 0
    assert "no picture of the features: it needs scikit-learn" in capsys.readouterr().out
    assert AdaptedModel.from_folder(tmp_path / NAME).metrics.points == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a run folder, or --grid DIR with --data and --recipe"),
        (
            ["--grid", "{grid}", "--data", "other", "--recipe", "adapting"],
            "finished cells of labelled, but none of oth",
        ),
        (
            ["--grid", "{grid}", "--data", "labelled", "--recipe", "osan"],
            "of adapting, source-only on labelled here:th",
        ),
        (["{run}", "--recipe", "osan"], "--recipe chooses a cell of a grid, so it does not go with a run"),
        (["{run}", "--name", "../x"], "name must be method.tag"),
        (["{grid}"], "has no config.yaml"),
    ],
)
def test_what_cannot_be_published_is_one_line(
    arguments: list[str], message: str, grid: Grid, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"{grid}": str(grid.out), "{run}": str(grid.run("adapting", 0))}
    given = [places.get(argument, argument) for argument in arguments]
    assert message in error_line(["zoo", "publish", *given, "--to", str(tmp_path / "mirror"), *LICENCES], capsys)
    assert not (tmp_path / "mirror").exists()


def test_classes_of_ones_own_are_asked_about_before_anything_is_measured(
    grid: Grid, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(grid.run("adapting", 0), tmp_path / "run")
    config = read_run(tmp_path / "run").config
    config["recipe"]["aligners"]["own"] = {"class_path": "own_losses.Mine", "init_args": {}}
    (tmp_path / "run" / "config.yaml").write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
    given = ["zoo", "publish", str(tmp_path / "run"), "--to", str(tmp_path / "mirror"), *LICENCES]
    line = error_line(given, capsys)
    assert "aligners.own: to be trusted" in line
    assert line.endswith("--trust PREFIX says that it is a class of yours")
    # The module is nowhere, which is found when the run is measured.
    assert "No module named 'own_losses'" in error_line([*given, "--trust", "own_losses."], capsys)


def test_an_old_name_cannot_be_published(saved: Path, tmp_path: Path) -> None:
    publish_folder(open_folder(saved), tmp_path)
    document = json.loads((tmp_path / "registry.json").read_text())
    document["checkpoints"] = {"modfinity.feelings": document["checkpoints"]["modfinity.moods"]}
    document["aliases"] = {"modfinity.moods": "modfinity.feelings"}
    (tmp_path / "registry.json").write_text(json.dumps(document))
    with pytest.raises(ZooError, match="alias"):
        publish_folder(open_folder(saved), tmp_path, replace=True)
