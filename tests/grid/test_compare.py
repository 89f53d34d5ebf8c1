"""`acclimate compare` as a user types it: processes of its own, killed and gone on with, and one line for a mistake."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from acclimate.framework.grid.run_cell import read_cell, run_cell
from acclimate.framework.runs.run_folder import RunFolder

from acclimate.__main__ import main

from .grids import ADAPTING, make_cells, write_recipe

pytestmark = pytest.mark.processes

EPOCHS = 50
"""Of a run that is killed after the first: too many for a fast machine to be done before."""


def arguments(folder: Path, out: Path, *more: str, recipes: tuple[str, ...] = ("source-only", "adapting")) -> list[str]:
    files = ",".join(name if name == "supervised-target" else str(folder / f"{name}.yaml") for name in recipes)
    data = ["--data", str(folder / "labelled.csv"), "--shift", "here:there", "--device", "cpu"]
    return ["compare", "--recipes", files, *data, "--out", str(out), *more]


@pytest.fixture(scope="module")
def grid(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished grid of two recipes and two seeds, run by two processes."""
    out = tmp_path_factory.mktemp("compared") / "out"
    assert main(arguments(folder, out, "--seeds", "2", "--processes", "2")) == 0
    return out


def cell_files(out: Path) -> dict[str, float]:
    return {str(path.relative_to(out)): path.stat().st_mtime for path in out.rglob("cell.json")}


def error_line(given: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(given) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_grid_leaves_its_cells_and_its_tables(grid: Path) -> None:
    names = {
        f"cells/labelled/here-there/{recipe}/seed{seed}/cell.json"
        for recipe in ("source-only", "adapting")
        for seed in (0, 1)
    }
    assert set(cell_files(grid)) == names
    text = (grid / "results.md").read_text(encoding="utf-8")
    assert "$ acclimate compare --recipes" in text
    assert "here -> there" in text
    assert "| `adapting` | 2 |" in text
    environment = json.loads((grid / min(names)).read_text())["environment"]
    assert environment["threads"] == 1
    assert environment["processes"] == 2
    table = pq.read_table(grid / "results.parquet")
    assert set(table["recipe"].to_pylist()) == {"source-only", "adapting"}
    assert pq.read_table(grid / "cells.parquet").num_rows == 4
    assert pq.read_table(grid / "epochs.parquet").num_rows == 8
    assert {path.name for path in grid.iterdir() if path.is_dir()} == {"cells"}


def test_a_finished_grid_only_writes_its_tables_again(
    grid: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, text = cell_files(grid), (grid / "results.md").read_text(encoding="utf-8")
    (grid / "results.md").unlink()
    assert main(arguments(folder, grid, "--seeds", "2", "--processes", "2")) == 0
    assert cell_files(grid) == before
    assert (grid / "results.md").read_text(encoding="utf-8") == text
    assert "4 cells, 4 of them there already" in capsys.readouterr().out


def test_other_settings_are_refused(grid: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = error_line(arguments(folder, grid, "--seeds", "2", "--set", "training.batch_size=8"), capsys)
    assert "training.batch_size" in line
    changed = json.loads(json.dumps(ADAPTING)) | {"training__batch_size": 8}
    other = folder / "other"
    other.mkdir(exist_ok=True)
    write_recipe(other, "adapting", **changed)
    given = arguments(folder, grid, "--seeds", "2")
    given[2] = str(other / "adapting.yaml")
    assert "recipe.training.batch_size: 4" in error_line(given, capsys)


def test_a_cell_that_fails_or_dies_does_not_stop_the_others(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, class_path in (("failing", "grid.parts.Failing"), ("dying", "grid.parts.Dying")):
        write_recipe(tmp_path, name, model__encoders={"audio": {"class_path": class_path}})
    given = arguments(folder, tmp_path / "out", "--seeds", "1")
    given[2] = f"{tmp_path / 'failing.yaml'},{tmp_path / 'dying.yaml'},{folder / 'source-only.yaml'}"
    capsys.readouterr()
    assert main([*given, "--processes", "3"]) == 2
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert "2 cell(s) failed" in line
    assert "failing seed 0: FAILED: failing: this encoder fails" in printed.out
    assert "dying seed 0: FAILED: killed by signal 9" in printed.out
    assert list(cell_files(tmp_path / "out")) == ["cells/labelled/here-there/source-only/seed0/cell.json"]
    assert "`source-only`" in (tmp_path / "out" / "results.md").read_text(encoding="utf-8")


def start(given: list[str]) -> subprocess.Popen[bytes]:
    # A process that was started in the background ignores SIGINT, and hands that down.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from acclimate.__main__ import main; sys.exit(main())"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *given], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def wait_for(path: Path, seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} does not appear"
        time.sleep(0.01)


def stays(path: Path, seconds: float) -> bool:
    """Whether nothing writes into a file any more, after the time that a process may take to end."""
    time.sleep(0.3)
    before = path.read_bytes()
    time.sleep(seconds)
    return path.read_bytes() == before


def kill(given: list[str], run: Path, how: signal.Signals) -> subprocess.Popen[bytes]:
    """Start a command, and end it as soon as a cell has a checkpoint; its processes must end with it."""
    with start(given) as process:
        try:
            wait_for(run / "checkpoints" / "last.safetensors")
            process.send_signal(how)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert b"Traceback" not in errors
    assert stays(run / "metrics.jsonl", 0.3)
    assert not (run.parent / "cell.json").exists()
    return process


def test_a_killed_grid_goes_on_to_the_same_results(folder: Path, tmp_path: Path) -> None:
    settings = ["--seeds", "1", "--set", f"stages.0.epochs={EPOCHS}"]
    (cell,) = make_cells(folder, recipes=("adapting",), settings={"stages.0.epochs": EPOCHS})
    run = tmp_path / "out" / cell.folder / "run"
    given = arguments(folder, tmp_path / "out", *settings, recipes=("adapting",))
    assert kill(given, run, signal.SIGKILL).returncode == -signal.SIGKILL
    assert 0 < sum(row["kind"] == "epoch" for row in RunFolder(run).metrics()) < EPOCHS
    for out in ("out", "unbroken"):
        run_cell(cell, tmp_path / out, {})
    first, second = (read_cell(tmp_path / out / cell.folder) for out in ("out", "unbroken"))
    assert len(first["epochs"]) == EPOCHS
    for content in (first, second):
        for row in content["epochs"]:
            del row["seconds"], row["seconds_per_step"]
    assert all(first[key] == second[key] for key in ("epochs", "scores", "selection", "settings", "steps"))


def test_an_interrupted_grid_says_how_to_go_on(folder: Path, tmp_path: Path) -> None:
    given = arguments(folder, tmp_path, "--seeds", "1", "--set", "stages.0.epochs=5000", recipes=("adapting",))
    run = tmp_path / "cells" / "labelled" / "here-there" / "adapting" / "seed0" / "run"
    assert kill(given, run, signal.SIGINT).returncode == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--recipes", "rna-udaa"], "did you mean 'rna-uda'?"),
        (["--recipes", "rna-uda,rna-uda"], "'rna-uda' is given more than once"),
        (["--shift", "here:cellar"], "domain must be one of 'here', 'there', but got 'cellar'"),
        (["--shift", "cellar:there"], "domain must be one of 'here', 'there', but got 'cellar'"),
        (["--shift", "there"], "--shift takes SRC:TGT"),
        (["--shift", "here+:there"], "--shift takes SRC:TGT"),
        (["--shift", "here:here"], "must not be one of its sources"),
        (["--shift", "paper"], "a built-in data set must be one of avdigits-accent, "),
        (["--seeds", "0"], "--seeds must be positive, but got 0"),
        (["--processes", "0"], "--processes must be positive"),
        (["--data", "wrists"], "wrists"),
        (["--task", "label=number"], "--task takes NAME=classes or NAME=regression"),
        (["--task", "mood=regression"], "task must be one of 'label', but got 'mood'"),
        (["--data", "none.csv"], "none.csv"),
        (["--data", "UNLABELLED"], "there-train-0-test"),
        (["--data", "UNTESTED"], "split of 'here' must be one of 'train', 'validation', but got 'test'"),
        (["--set", "training.batch=3"], "batch"),
        (["--set", "aligners.rna.init_args.sharpness=3"], "sharpness"),
        (["--search", "none.yaml"], "none.yaml: expected a file, but found none"),
        (["--search", "SPACE"], "Option 'sharpness' is not accepted"),
        (["--search", "SMALL"], "every recipe gets 8 trials, but its space has only 2 settings"),
        (["--search-seed", "-1"], "--search-seed must be at least 0"),
        (["--trials", "0"], "--trials must be positive"),
        (["--set", "name=supervised-target"], "supervised-target"),
        (["--out", "FULL"], "is not empty and holds no grid"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(
    given: list[str], words: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "labelled.csv").read_text()
    rows = text.splitlines()
    places = {"UNLABELLED": folder / "unlabelled.csv", "UNTESTED": folder / "untested.csv", "FULL": tmp_path / "full"}
    places["UNLABELLED"].write_text("\n".join(_without_label(row, "there-train-0-test") for row in rows))
    places["UNTESTED"].write_text("\n".join(row for row in rows if ",test," not in row))
    places |= {"SPACE": folder / "space.yaml", "SMALL": folder / "small.yaml"}
    places["SPACE"].write_text("rna-uda: {aligners.rna.init_args.sharpness: [1, 2, 3, 4, 5, 6, 7, 8]}")
    places["SMALL"].write_text("rna-uda: {training.batch_size: [8]}")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    options = {"--recipes": "rna-uda", "--data": str(folder / "labelled.csv"), "--out": str(tmp_path / "out")}
    options |= {"--shift": "here:there", given[0]: str(places.get(given[1], given[1]))}
    line = error_line(["compare", *(word for option in options.items() for word in option)], capsys)
    assert words in line
    assert not (tmp_path / "out").exists()


def _without_label(row: str, name: str) -> str:
    cells = row.split(",")
    return ",".join([*cells[:3], "", *cells[4:]]) if cells[0] == name else row


@pytest.mark.parametrize(("shift", "words"), [("there", "takes SRC:TGT"), ("here:cellar", "but got 'cellar'")])
def test_the_shift_of_a_search_is_checked(
    shift: str, words: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "space.yaml").write_text("rna-uda: {}")
    given = ["compare", "--recipes", "rna-uda", "--data", str(folder / "labelled.csv"), "--shift", "here:there"]
    given += ["--out", str(tmp_path / "out"), "--search", str(folder / "space.yaml"), "--search-shift", shift]
    assert words in error_line(given, capsys)
    assert not (tmp_path / "out").exists()


def test_a_table_needs_a_shift(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["compare", "--recipes", "rna-uda", "--data", str(folder / "labelled.csv"), "--out", str(tmp_path / "out")]
    assert "--shift must name domains" in error_line(given, capsys)


def test_scores_without_labels_are_written_beside_the_tables(
    folder: Path, grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = arguments(folder, grid, "--seeds", "2", "--validators", "entropy,ensemble_agreement")
    assert main(asked) == 0
    assert "over all shifts" in capsys.readouterr().out
    shifts = json.loads((grid / "validators.json").read_text(encoding="utf-8"))
    assert [(shift["data"]["seed"], len(shift["runs"])) for shift in shifts] == [(0, 2), (1, 2)]
    assert {name for shift in shifts for name in shift["tasks"][0]["scores"]} == {"entropy", "ensemble_agreement"}
    assert "ensemble_agreement" in (grid / "validators.txt").read_text(encoding="utf-8")
    assert main([*asked[:-1], "luck"]) == 2
    assert "a score must be one of all" in capsys.readouterr().err
