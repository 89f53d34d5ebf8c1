"""Bad files of each kind, as a user meets them: named with their row, and left out only where that is asked for."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from acclimate.framework.data import read_table

from acclimate.__main__ import main

from .bad_files import BAD_FILES, ROWS, write_good_table

# Rows 2 and 4 are of the source, 3 and 5 of the target.
ADAPT = ["adapt", "rna-uda", "--source", "lab", "--target", "street", "--reference", "none", "--device", "cpu"]
SHORT = ["--set", "stages.0.epochs=1", "--set", "training.batch_size=4"]


def run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], list[str]]:
    """Status, and lines of output and errors."""
    capsys.readouterr()
    status = main(arguments)
    captured = capsys.readouterr()
    return status, captured.out.splitlines(), captured.err.splitlines()


@pytest.mark.parametrize("row", [2, 5], ids=["source", "target"])
@pytest.mark.parametrize("kind", BAD_FILES)
def test_check_and_training_name_the_row(
    kind: str, row: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, words = BAD_FILES[kind]
    modality, cell = write(tmp_path)
    path = write_good_table(tmp_path, {row: (modality, cell)})
    place = f"line {row + 2}, id 'row{row}', {modality}: {cell}: "
    status, lines, errors = run(["data", "check", str(path)], capsys)
    assert (status, len(errors)) == (2, 1)
    [line] = [line for line in lines if line.startswith("line ")]
    assert line.startswith(place)
    assert words in line
    status, _, errors = run([*ADAPT, *SHORT, "--data", str(path), "--out", str(tmp_path / "run")], capsys)
    assert (status, len(errors)) == (2, 1)
    assert place in errors[0]
    assert words in errors[0]


def test_too_many_bad_rows_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_good_table(
        tmp_path, {row: write(tmp_path) for row, (write, _) in enumerate(BAD_FILES.values(), start=1)}
    )
    command = [*ADAPT, *SHORT, "--data", str(path), "--out", str(tmp_path / "run"), "--skip-bad"]
    status, _, errors = run(command, capsys)
    assert (status, len(errors)) == (2, 1)
    assert "task 'label', class 'shake' in training has no row left: all 3 cannot be used" in errors[0]
    assert "line 4, id 'row2', speech: empty.wav: expected" in errors[0]
    assert not (tmp_path / "run").exists()


@pytest.fixture
def some_bad(tmp_path: Path) -> tuple[Path, list[str]]:
    """A table with five bad rows, and their ids."""
    kinds = ("truncated sound", "CMYK", "other length", "NaN", "16 bits")
    cells = {row: BAD_FILES[kind][0](tmp_path) for row, kind in zip((2, 3, 6, 7, 8), kinds, strict=True)}
    return write_good_table(tmp_path, cells), [f"row{row}" for row in cells]


def test_a_run_without_its_bad_rows_is_that_of_a_table_without_them(
    some_bad: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, bad = some_bad
    command = [*ADAPT, *SHORT, "--data", str(path), "--out", str(tmp_path / "run"), "--skip-bad"]
    status, lines, errors = run(command, capsys)
    assert (status, errors) == (0, [])
    assert any(line.startswith("left out 5 rows that cannot be used") for line in lines)
    skipped = json.loads((tmp_path / "run" / "skipped.json").read_text())
    assert sorted(problem["id"] for problem in skipped) == sorted(bad)
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["skipped_rows"] == 5
    clean = tmp_path / "elsewhere" / "clean.csv"
    clean.parent.mkdir()
    status, lines, errors = run(["data", "check", str(path), "--skip-bad", "--out", str(clean)], capsys)
    assert (status, errors) == (0, [])
    assert sorted(line.split("'")[1] for line in lines if line.startswith("line ")) == sorted(bad)
    assert [row.id for row in read_table(clean).rows] == [f"row{row}" for row in range(ROWS) if f"row{row}" not in bad]
    status, _, _ = run([*ADAPT, *SHORT, "--data", str(clean), "--out", str(tmp_path / "other")], capsys)
    assert status == 0
    one, other = ((tmp_path / name / "checkpoints" / "best.safetensors").stat().st_size for name in ("run", "other"))
    assert abs(one - other) < 1000
    epochs = [json.loads((tmp_path / name / "metrics.jsonl").read_text().splitlines()[-1]) for name in ("run", "other")]
    assert epochs[0]["target"] == epochs[1]["target"]


def test_a_resumed_run_leaves_out_the_same_rows(
    some_bad: tuple[Path, list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = some_bad
    command = [*ADAPT, *SHORT, "--data", str(path), "--out", str(tmp_path / "run")]
    assert run([*command, "--skip-bad"], capsys)[0] == 0
    status, _, [error] = run([*command, "--resume", "--skip-bad", "--seed", "1"], capsys)
    assert (status, "seed" in error) == (2, True)
    # What was bad is mended: the run goes on as it began.
    for name in ("truncated.wav", "cmyk.jpg", "long.npy", "nan.npy", "deep.png"):
        suffix = Path(name).suffix.replace(".jpg", ".png")
        shutil.copyfile(tmp_path / f"0{suffix}", tmp_path / name)
    assert run([*command, "--skip-bad", "--resume"], capsys)[0] == 0
    assert len(json.loads((tmp_path / "run" / "skipped.json").read_text())) == 5
    status, _, [error] = run([*command, "--resume"], capsys)
    assert status == 2
    assert "data.skipped" in error
    status, _, [error] = run([*command, "--skip-bad"], capsys)
    assert status == 2
    assert "already holds a run" in error


def test_a_run_that_left_nothing_out_is_not_resumed_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*ADAPT, *SHORT, "--data", str(write_good_table(tmp_path)), "--out", str(tmp_path / "run")]
    assert run(command, capsys)[0] == 0
    status, _, [error] = run([*command, "--resume", "--skip-bad"], capsys)
    assert status == 2
    assert "without --skip-bad" in error


def test_nothing_is_left_out_of_a_good_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_good_table(tmp_path)
    assert run(["data", "check", str(path), "--skip-bad"], capsys)[1][-1] == "left out 0 rows that cannot be used"
    command = [*ADAPT, *SHORT, "--data", str(path), "--out", str(tmp_path / "run"), "--skip-bad"]
    status, lines, _ = run(command, capsys)
    assert status == 0
    assert not any(line.startswith("left out") for line in lines)
    assert json.loads((tmp_path / "run" / "skipped.json").read_text()) == []


def test_evaluation_leaves_out_what_it_is_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_good_table(tmp_path, {19: BAD_FILES["truncated sound"][0](tmp_path)})
    assert run([*ADAPT, *SHORT, "--data", str(path), "--out", str(tmp_path / "run")], capsys)[0] == 0
    scores = tmp_path / "scores.json"
    command = ["evaluate", str(tmp_path / "run"), "--data", str(path), "--domain", "street", "--json", str(scores)]
    status, _, [error] = run(command, capsys)
    assert status == 2
    assert "line 21, id 'row19', speech: truncated.wav: expected" in error
    status, lines, _ = run([*command, "--skip-bad"], capsys)
    assert status == 0
    assert lines[0].startswith("line 21, id 'row19', speech: truncated.wav: expected")
    content = json.loads(scores.read_text())
    assert (content["scores"]["samples"], [problem["id"] for problem in content["skipped"]]) == (2, ["row19"])


@pytest.mark.parametrize("kind", BAD_FILES)
def test_prediction_names_the_file(
    kind: str, artefact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write, words = BAD_FILES[kind]
    modality, cell = write(tmp_path)
    status, _, [error] = run(["predict", str(artefact), f"--{modality}", str(tmp_path / cell)], capsys)
    assert status == 2
    assert f"{modality}: {tmp_path / cell}: " in error
    assert words in error.replace("8000", "16000")


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory, exports: None) -> Path:
    """A model of the good table."""
    folder = tmp_path_factory.mktemp("model")
    data = ["--data", str(write_good_table(folder)), "--out", str(folder / "run")]
    assert main([*ADAPT, *SHORT, *data]) == 0
    assert main(["export", str(folder / "run"), "--out", str(folder / "artefact")]) == 0
    return folder / "artefact"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "clean.csv"], "needs --skip-bad"),
        (["--skip-bad", "--source", "lab"], "has no row left: all 9 cannot be used"),
    ],
)
def test_a_check_that_cannot_be_done_is_one_line(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = dict.fromkeys(range(1, 18, 2), ("vector", "gone.npy")) if "--source" in arguments else {}
    path = write_good_table(tmp_path, cells)
    given = [str(tmp_path / part) if part.endswith(".csv") else part for part in arguments]
    status, _, errors = run(["data", "check", str(path), *given], capsys)
    assert (status, len(errors)) == (2, 1)
    assert words in errors[0]


def test_a_row_that_stands_twice_does_not_cost_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_good_table(tmp_path)
    with path.open(newline="") as file:
        first = next(csv.DictReader(file))
    with path.open("a", newline="") as file:
        csv.writer(file).writerow(first.values())
    clean = tmp_path / "clean.csv"
    assert run(["data", "check", str(path), "--skip-bad", "--out", str(clean)], capsys)[0] == 0
    assert [row.id for row in read_table(clean).rows] == [f"row{row}" for row in range(ROWS)]
