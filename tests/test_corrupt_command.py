"""A corrupted domain as the target: written, checked, adapted to, and measured over severities."""

import json
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework.data import read_table
from test_command_line import error_line, write_table

from acclimate.__main__ import main

NOISE = "motion=gaussian_noise(std=1.5)"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signals and vectors of a kitchen and a garden."""
    return write_table(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def corrupted(table: Path) -> Path:
    """The same with a noisy kitchen, in a folder of its own."""
    out = table.parent / "noisy" / "table.csv"
    out.parent.mkdir()
    arguments = ["data", "corrupt", str(table), "--domain", "kitchen", "--name", "noisy", "--out", str(out)]
    assert main([*arguments, "--corrupt", NOISE, "--corrupt", "sound=drop(share=0.5)", "--seed", "3"]) == 0
    return out


@pytest.fixture(scope="module")
def run(corrupted: Path) -> Path:
    """A run that adapts to it."""
    folder = corrupted.parent / "run"
    arguments = ["--source", "kitchen", "--target", "noisy", "--set", "stages.0.epochs=2", "--device", "cpu"]
    assert main(["adapt", "rna-uda", "--data", str(corrupted), *arguments, "--out", str(folder)]) == 0
    return folder


def test_a_corrupted_table_says_what_it_is(corrupted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noisy = read_table(corrupted).select("noisy")
    assert {row.corruptions["motion"] for row in noisy.rows} == {"gaussian_noise(std=1.5, seed=3)"}
    # Every tenth row has no sound to lose.
    assert sum(row.cells["sound"] is None for row in noisy.rows) == 4 + 18
    assert main(["data", "check", str(corrupted)]) == 0
    out = capsys.readouterr().out
    assert "motion: gaussian_noise(std=1.5, seed=3)" in out
    assert "no problems" in out


def test_a_model_adapts_to_a_corrupted_domain(run: Path, corrupted: Path, tmp_path: Path) -> None:
    found = {}
    for domain in ("kitchen", "noisy"):
        file = tmp_path / f"{domain}.json"
        data = ["--data", str(corrupted), "--domain", domain, "--json", str(file)]
        assert main(["evaluate", str(run), *data]) == 0
        found[domain] = json.loads(file.read_text())
    clean, noisy = (found[name]["scores"]["tasks"]["label"] for name in ("kitchen", "noisy"))
    assert clean["motion"]["samples"] == noisy["motion"]["samples"] == 10
    assert noisy["sound"]["samples"] < clean["sound"]["samples"]


def test_scores_over_severities(run: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "severities.json"
    data = ["--data", str(table), "--domain", "kitchen", "--json", str(file)]
    options = ["--corrupt", "motion=gaussian_noise", "--corrupt", "sound=gaussian_noise(std=0.1)"]
    assert main(["evaluate", str(run), *data, *options, "--baseline", str(run / "source-only")]) == 0
    content = json.loads(file.read_text())
    assert list(content["severities"]) == list("012345")
    assert content["corruptions"]["5"]["motion"] == [{"corruption": "gaussian_noise(std=2.0, seed=0)", "share": 1}]
    assert content["corruptions"]["5"]["sound"] == [{"corruption": "gaussian_noise(std=0.1, seed=0)", "share": 1}]
    curves = [
        np.array([scores["tasks"]["label"]["joint"]["accuracy"] for scores in found["severities"].values()])
        for found in (content, content["baseline"])
    ]
    areas = [float(np.trapezoid(curve, dx=0.2)) for curve in curves]
    assert content["relative_robustness"]["label"] == pytest.approx(areas[0])
    assert content["baseline"]["relative_robustness"]["label"] == pytest.approx(areas[1])
    effective = areas[0] - areas[1] - (curves[0][0] - curves[1][0])
    assert content["effective_robustness"]["label"] == pytest.approx(effective)
    out = capsys.readouterr().out
    assert f"{effective:+.3f}" in out
    assert "relative robustness" in out


def test_one_corruption_without_severities(run: Path, table: Path, tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    data = ["--data", str(table), "--domain", "kitchen", "--json", str(file)]
    assert main(["evaluate", str(run), *data, "--corrupt", "motion=gaussian_noise(severity=2)"]) == 0
    content = json.loads(file.read_text())
    assert list(content["severities"]) == ["0", "1"]
    assert "effective_robustness" not in content
    assert content["corruptions"]["1"]["motion"][0]["corruption"] == "gaussian_noise(std=0.3, seed=0)"


CORRUPT = ["data", "corrupt", "TABLE", "--domain", "kitchen", "--out", "OUT"]
EVALUATE = ["evaluate", "RUN", "--data", "TABLE", "--domain", "kitchen"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (CORRUPT, "either --corrupt or --preset must be given, but got both or neither"),
        (
            [*CORRUPT, "--corrupt", NOISE, "--preset", "boomda"],
            "either --corrupt or --preset must be given, but got both or",
        ),
        (
            [*CORRUPT, "--corrupt", NOISE, "--modalities", "motion"],
            "--modalities belongs to --preset, but got --corrupt",
        ),
        (
            [*CORRUPT, "--preset", "boomda"],
            "preset 'boomda' is for audio, image, text, but the table has none of these.",
        ),
        (
            [*CORRUPT, "--corrupt", "motion=brightness(severity=3)"],
            "--corrupt 'motion=brightness(severity=3)': brightness is for image, but this is signal.",
        ),
        ([*CORRUPT, "--corrupt", "motion=fog"], "--corrupt 'motion=fog': a corruption must be one of audio_noise, "),
        (
            [*CORRUPT, "--corrupt", "smell=drop(share=1)"],
            "a modality to corrupt must be one of 'motion', 'sound', but got 'smell'.",
        ),
        ([*CORRUPT, "--corrupt", NOISE, "--rows", "some"], "--rows must be copy, half or all, but got 'some'"),
        (
            [*CORRUPT, "--corrupt", NOISE, "--name", "A+B"],
            "--name must hold no '+' and no ':', by which domains are separated, but got 'A+B'",
        ),
        (
            [*CORRUPT, "--corrupt", NOISE, "--name", "garden"],
            "the new domain must have a name of its own, but 'garden' is",
        ),
        ([*CORRUPT[:-1], "/proc/nowhere/table.csv", "--corrupt", NOISE], "/proc/nowhere/table.csv cannot be written: "),
        ([*CORRUPT[:-1], "table.txt", "--corrupt", NOISE], "a table's name must end in .csv, .tsv, .jsonl or .parquet"),
        (
            [*EVALUATE, "--baseline", "RUN"],
            "--baseline and --modalities belong to --corrupt or --preset, but neither is",
        ),
        ([*EVALUATE, "--corrupt", "motion"], "a corruption must be given as MODALITY=CORRUPTION, but got 'motion'."),
        ([*EVALUATE, "--corrupt", "motion=brightness"], "brightness is for image, but this is signal."),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    run: Path, table: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    out = table.parent / "out.csv"
    names = {"RUN": str(run), "TABLE": str(table), "OUT": str(out)}
    line = error_line([names.get(argument, argument) for argument in arguments], capsys)
    assert message in line
    assert not out.exists()


def test_a_modality_that_the_model_lacks_is_named(run: Path, table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, *lines = table.read_text(encoding="utf-8").splitlines()
    cells = [line.split(",") for line in lines]
    wider = table.parent / "wider.csv"
    wider.write_text("\n".join([f"{head},gaze", *(",".join([*row, row[4]]) for row in cells)]), encoding="utf-8")
    line = error_line(["evaluate", str(run), "--data", str(wider), "--corrupt", "gaze=gaussian_noise"], capsys)
    assert line.endswith("a modality to corrupt must be one that the model has, motion, sound, but got 'gaze'")
