"""acclimate export --precision, on a small run: its own rows are read, and no label of the target."""

import json
from pathlib import Path

import pytest
from acclimate.exporters import Session
from loop.small import write_table

from acclimate.__main__ import main

pytestmark = pytest.mark.usefixtures("exports")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of vectors."""
    folder = tmp_path_factory.mktemp("precision")
    table = write_table(folder)
    settings = ["--source", "here", "--target", "there", "--set", "stages.0.epochs=2", "--device", "cpu"]
    assert main(["adapt", "rna-uda", "--data", str(table), *settings, "--out", str(folder / "run")]) == 0
    return folder / "run"


def export(run: Path, out: Path, *options: str) -> int:
    accepted = ["--minimum-agreement", "0.5", "--maximum-slowdown", "1000"]
    return main(["export", str(run), "--out", str(out), *accepted, *options])


def test_an_artefact_in_integers_reads_the_runs_rows_and_no_label_of_the_target(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(run, tmp_path / "int8", "--precision", "int8", "--form", "split", "--maximum-accuracy-drop", "1") == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "label: int8 beside float32" in printed
    assert "audio: dynamic" in printed
    assert "batch of 16:" in printed
    assert "agreement: 5 rows of the target, others than the 5 for calibration; scores: 9 rows of the source" in printed
    report = Session(tmp_path / "int8").config.metadata["precision_report"]
    assert isinstance(report, dict)
    assert report["tasks"]["label"]["joint"]["rows"] == 5
    assert 0 <= report["tasks"]["label"]["joint"]["score"] <= 1
    poisoned = tmp_path / "poisoned"
    poisoned.mkdir()
    table = write_table(poisoned, poison=True)
    again = ["--precision", "int8", "--form", "split", "--maximum-accuracy-drop", "1", "--data", str(table)]
    assert export(run, tmp_path / "again", *again) == 0
    for name in ("config.json", "fusion.onnx", "encoders/audio.onnx"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "int8" / name).read_bytes()


def test_few_rows_are_read_where_few_are_asked_for(run: Path, tmp_path: Path) -> None:
    options = ("--precision", "float16", "--calibration-rows", "4", "--maximum-accuracy-drop", "1")
    assert export(run, tmp_path, *options) == 0
    report = json.loads((tmp_path / "config.json").read_text("utf-8"))["metadata"]["precision_report"]
    assert (report["samples"], report["labelled"], report["calibrated"]) == (4, 4, 0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--calibration-rows", "0"], "--calibration-rows must be positive, but got 0"),
        (["--minimum-agreement", "2"], "--minimum-agreement must be at most 1.0, but got 2.0"),
        (["--data", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_a_mistake_is_one_line(
    options: list[str], words: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(run), "--out", str(tmp_path / "new"), "--precision", "int8", *options]) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert words in error
    assert not (tmp_path / "new").exists()
