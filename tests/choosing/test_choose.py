"""acclimate choose, as a user types it: one run folder at its end, and no target label on the road."""

import json
from pathlib import Path

import pytest
from acclimate.framework.experiments.saved_method import load_run

from acclimate.__main__ import main

from .small_choice import NAMES, Here, arguments, assert_same_choices, choose_here, write_inputs, write_portfolio

pytestmark = pytest.mark.processes


def test_a_choice_ends_in_a_run_that_other_commands_take(
    chosen: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choice = json.loads((chosen / "choice.json").read_text())
    assert choice["pick"]["name"] in NAMES
    assert choice == json.loads((chosen / "pick" / "choice.json").read_text())
    _, _, recipe = load_run(chosen / "pick")
    assert recipe.name == choice["pick"]["name"]
    capsys.readouterr()
    data = ["--data", str(inputs / "labelled.csv"), "--domain", "there", "--split", "test"]
    assert main(["evaluate", str(chosen / "pick"), *data]) == 0
    assert "accuracy" in capsys.readouterr().out


def test_candidates_that_seem_worse_are_left_where_they_are(chosen: Path) -> None:
    shares = {
        name: found["share"] for name, found in json.loads((chosen / "choice.json").read_text())["candidates"].items()
    }
    assert tuple(shares) == NAMES
    assert shares["source-only"] == pytest.approx(1.0)
    assert sorted(shares.values()) == pytest.approx([0.5, 0.5, 1.0, 1.0])
    ended = {name for name in NAMES if (chosen / "candidates" / name / "summary.json").is_file()}
    assert ended == {name for name, share in shares.items() if share > 0.9}


def test_verdicts_stand_by_candidate(chosen: Path) -> None:
    verdicts = json.loads((chosen / "choice.json").read_text())["tasks"]["label"]["candidates"]
    assert tuple(verdicts) == NAMES
    for found in verdicts.values():
        estimate = found["estimate"]
        assert 0 <= estimate["interval"]["low"] <= estimate["accuracy"] <= estimate["interval"]["high"] <= 1
        assert set(found["modalities"]) == {"audio", "video"}


def test_it_says_who_was_picked_and_why(chosen: Path, inputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in chosen.rglob("*.npz")}
    assert main(arguments(inputs, chosen)) == 0
    said = capsys.readouterr().out
    assert "of its epochs" not in said
    assert {path: path.stat().st_mtime_ns for path in chosen.rglob("*.npz")} == before
    pick = json.loads((chosen / "choice.json").read_text())["pick"]
    assert f"picked: {pick['name']}. {pick['why']}" in said
    assert "ALARM: the target has 10 rows: below 100, an estimate is worth little" in said
    assert f"* {pick['name']}" in said


def test_no_label_of_the_target_changes_anything(chosen: Path, tmp_path: Path) -> None:
    choose_here(write_inputs(tmp_path, poison=True), tmp_path / "out")
    assert_same_choices(chosen, tmp_path / "out")
    one, other = (json.loads((out / "choice.json").read_text()) for out in (chosen, tmp_path / "out"))
    assert (one["pick"], one["tasks"]) == (other["pick"], other["tasks"])


@pytest.mark.parametrize("stop", [1, 4])
def test_what_was_cut_short_goes_on_to_the_same(stop: int, chosen: Path, inputs: Path, tmp_path: Path) -> None:
    first, then = Here(stop), Here()
    with pytest.raises(KeyboardInterrupt):
        choose_here(inputs, tmp_path / "out", executor=first)
    assert not (tmp_path / "out" / "pick").exists()
    choose_here(inputs, tmp_path / "out", executor=then)
    assert len(first.ran) == stop
    assert not set(first.ran) & set(then.ran)
    assert_same_choices(chosen, tmp_path / "out")


def test_a_candidate_that_fails_leaves_the_others(inputs: Path, tmp_path: Path) -> None:
    settings = {"mmd:training.optimizer.init_args.lr": 1e30, "mmd:training.gradient_clip": None}
    choice = choose_here(inputs, tmp_path / "out", settings)
    assert json.loads((tmp_path / "out" / "choice.json").read_text())["failed"] == choice.failed
    assert list(choice.failed) == ["mmd"]
    assert f"mmd could not be trained: {choice.failed['mmd']}" in str(choice)
    assert "\n" not in choice.failed["mmd"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--seed", "1"], "was started with candidates.source-only.seed: 0, but is to be resumed with 1"),
        (["--set", "mmd:training.batch_size=5"], "was started with candidates.mmd.recipe.training.batch_size: "),
        (["--target", "nowhere"], "nowhere"),
        (["--portfolio", "best"], "or the path of a YAML file, but got 'best'"),
        (["--set", "mmd:training.validation=0.5"], "mmd: training.validation must be"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_loses_nothing(
    change: list[str], message: str, chosen: Path, inputs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in chosen.rglob("*") if path.is_file() and path.name[0] != "."}
    assert main(arguments(inputs, chosen, *change)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_numbers_are_nothing_to_agree_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_inputs(tmp_path) / "labelled.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index("label")
    rows = [line.split(",") for line in lines[1:]]
    numbers = [",".join([*row[:column], f"{number / 7}", *row[column + 1 :]]) for number, row in enumerate(rows)]
    path.write_text("\n".join([lines[0], *numbers]) + "\n", encoding="utf-8")
    assert main(arguments(tmp_path, tmp_path / "out")) == 2
    assert "a choice needs a task with classes, which candidates can agree on, but got label" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(
    inputs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    assert main(arguments(inputs, tmp_path)) == 2
    assert "is not empty and holds no choice: give another folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_thorough_trains_all_to_the_end(inputs: Path, tmp_path: Path) -> None:
    write_portfolio(tmp_path, candidates=["source-only", {"recipe": "coral", "settings": {"stages.0.epochs": 1}}])
    settings = ["--portfolio", str(tmp_path / "portfolio.yaml"), "--set", "source-only:stages.0.epochs=1"]
    options = ["--thorough", "--processes", "2"]
    assert main(arguments(inputs, tmp_path / "out", *settings, *options)) == 0
    candidates = json.loads((tmp_path / "out" / "choice.json").read_text())["candidates"]
    assert [found["share"] for found in candidates.values()] == pytest.approx([1.0, 1.0])
