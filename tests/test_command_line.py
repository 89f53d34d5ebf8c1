"""The commands, as a user types them: the whole road on a small table, and one clear line for each mistake."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from acclimate.__main__ import main

CLASSES = ("cut", "mix", "wash")
ADAPT = ["--source", "kitchen", "--target", "garden", "--set", "stages.0.epochs=2", "--device", "cpu"]


def write_table(folder: Path) -> Path:
    """Two domains of 40 samples: a signal always, a vector that every tenth lacks; no training labels on the target."""
    generator = np.random.default_rng(0)
    rows = []
    for domain, shift in (("kitchen", 0.0), ("garden", 0.5)):
        for number in range(40):
            name, label = f"{domain}{number}", number % 3
            np.save(folder / f"{name}-motion.npy", generator.normal(label + shift, 1, (30, 3)).astype(np.float32))
            np.save(folder / f"{name}-sound.npy", generator.normal(2 * label - shift, 1, 6).astype(np.float32))
            train = number < 30
            rows.append(
                {
                    "id": name,
                    "domain": domain,
                    "split": "train" if train else "test",
                    "label": "" if train and domain == "garden" else CLASSES[label],
                    "motion": f"{name}-motion.npy",
                    "sound": f"{name}-sound.npy" if number % 10 else "",
                }
            )
    path = folder / "table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="module")
def run(table: Path) -> Path:
    """A finished run."""
    folder = table.parent / "run"
    assert main(["adapt", "rna-uda", "--data", str(table), *ADAPT, "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def artefact(run: Path, exports: None) -> Path:
    """The run's artefact."""
    folder = run.parent / "artefact"
    assert main(["export", str(run), "--out", str(folder)]) == 0
    return folder


def error_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command that fails says."""
    capsys.readouterr()
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_adapt_leaves_a_whole_run_folder(run: Path) -> None:
    assert {path.name for path in run.iterdir()} >= {
        "checkpoints",
        "config.yaml",
        "environment.json",
        "metrics.jsonl",
        "source-only",
        "summary.json",
    }
    kinds = [json.loads(line)["kind"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert kinds.count("epoch") == 2
    summary = json.loads((run / "summary.json").read_text())
    assert set(summary["source_only"]) == set(summary["best"]["target"])


def test_a_finished_run_is_not_overwritten_but_resumed(
    run: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["adapt", "rna-uda", "--data", str(table), *ADAPT, "--out", str(run)]
    before = (run / "checkpoints" / "best.safetensors").read_bytes()
    assert "already holds a run" in error_line(arguments, capsys)
    assert "seed" in error_line([*arguments, "--resume", "--seed", "1"], capsys)
    assert main([*arguments, "--resume"]) == 0
    assert (run / "checkpoints" / "best.safetensors").read_bytes() == before


@pytest.fixture(scope="module", params=["mask", "branch", "split"])
def form(request: pytest.FixtureRequest, run: Path, exports: None) -> Path:
    """The run's artefact in each form."""
    folder = run.parent / f"artefact-{request.param}"
    assert main(["export", str(run), "--form", request.param, "--out", str(folder)]) == 0
    return folder


def scores_of(model: Path, table: Path, *options: str) -> dict[str, Any]:
    """What evaluate writes of the garden."""
    file = table.parent / "scores.json"
    data = ["--data", str(table), "--domain", "garden", "--json", str(file)]
    assert main(["evaluate", str(model), *data, *options]) == 0
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def test_torch_and_every_form_score_the_same(
    run: Path, form: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [scores_of(model, table, "--batch-size", "3") for model in (run, form)]
    assert [content.pop("runtime") for content in found] == ["torch", "onnx"]
    times = [content.pop("timing") for content in found]
    assert found[0] == found[1]
    assert set(found[0]["drop"]["label"]) == {"motion+sound", "motion", "sound"}
    assert found[0]["drop"]["label"]["sound"]["excluded"] == 1
    assert found[0]["drop"]["label"]["sound"]["loss_interval"]["low"] <= found[0]["drop"]["label"]["sound"]["loss"]
    for measured in times:
        assert set(measured["subsets"]) == {"motion+sound", "motion", "sound"}
    assert times[0]["environment"]["provider"] == "cpu"
    assert times[1]["environment"]["provider"] == "CPUExecutionProvider"
    assert times[1]["environment"]["form"] == form.name.removeprefix("artefact-")
    assert "excluded" in capsys.readouterr().out


def test_scores_without_times_are_the_same_bytes_each_time(artefact: Path, table: Path) -> None:
    texts = []
    for _ in range(2):
        content = scores_of(artefact, table, "--no-timing", "--seed", "3", "--confidence", "0.8")
        texts.append((table.parent / "scores.json").read_bytes())
    assert texts[0] == texts[1]
    assert "timing" not in content
    assert content["confidence"] == pytest.approx({"level": 0.8, "resamples": 1000, "seed": 3})


def test_the_number_of_threads_is_set_and_said(run: Path, artefact: Path, table: Path) -> None:
    before = torch.get_num_threads()
    try:
        for model in (run, artefact):
            assert scores_of(model, table, "--threads", "1")["timing"]["environment"]["threads"] == 1
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--confidence", "95"], "--confidence must be above 0 and below 1, but got 95.0"),
        (["--seed", "-1"], "--seed must be at least 0, but got -1"),
        (["--batch-size", "0"], "--batch-size must be positive, but got 0"),
        (["--threads", "0"], "--threads must be positive, but got 0"),
        (["--picture", "FOLDER/picture.png"], "--picture is an SVG, so its name must end in .svg, but got"),
        (["--picture", "OUT/picture.svg"], "cannot be written: there is no folder"),
        (["--json", "OUT/scores.json"], "cannot be written: there is no folder"),
        (["--json", "FOLDER"], "cannot be written: there is a folder of that name"),
        (
            ["--picture", "FOLDER/p.svg", "--corrupt", "motion=gaussian_noise"],
            "--picture shows subsets of modalities, so it does not go with --corrupt or --preset",
        ),
    ],
)
def test_a_mistaken_option_of_evaluate_is_one_line(
    options: list[str], words: str, artefact: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--data", str(artefact.parent / "table.csv"), "--domain", "garden"]
    arguments = ["evaluate", str(artefact), *data, "--no-timing"]
    places = [option.replace("OUT", str(tmp_path / "out")).replace("FOLDER", str(tmp_path)) for option in options]
    assert words in error_line([*arguments, *places], capsys)


def test_predict_needs_no_torch(artefact: Path, table: Path) -> None:
    block = "import sys; sys.modules['torch'] = None; from acclimate.__main__ import main; sys.exit(main())"
    motion, sound = str(table.parent / "garden31-motion.npy"), str(table.parent / "garden31-sound.npy")
    command = [sys.executable, "-c", block, "predict", str(artefact), "--motion", motion]
    both = subprocess.run([*command, "--sound", sound, "--json"], capture_output=True, text=True, check=True)
    assert json.loads(both.stdout)["modalities"] == ["motion", "sound"]
    alone = subprocess.run([*command, motion], capture_output=True, text=True, check=True)
    assert len(alone.stdout.splitlines()) == 2
    assert all(line.startswith("label: ") and line.endswith("from motion") for line in alone.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["adopt"], "no such command; did you mean 'adapt'?"),
        (["adapt", "rna-uda"], "required"),
        (["adapt", "rna-udaa", "--data", "TABLE", "--source", "kitchen", "--out", "OUT"], "did you mean 'rna-uda'?"),
        (["adapt", "rna-uda", "--data", "none.csv", "--source", "kitchen", "--out", "OUT"], "none.csv"),
        (["adapt", "rna-uda", "--data", "TABLE", "--out", "OUT"], "--source must name a domain"),
        (["adapt", "rna-uda", "--data", "TABLE", "--source", "kitchen", "--out", "OUT"], "no target is given"),
        (
            ["adapt", "rna-uda", "--data", "TABLE", "--source", "kitchen", "--target", "cellar", "--out", "OUT"],
            "'cellar'",
        ),
        (["adapt", "rna-uda", "--data", "TABLE", *ADAPT, "--out", "OUT", "--set", "aligner.rna=1"], "'aligner"),
        (["adapt", "rna-uda", "--data", "TABLE", *ADAPT, "--out", "OUT", "--set", "seed"], "KEY=VALUE"),
        (
            ["adapt", "rna-uda", "--data", "TABLE", *ADAPT, "--out", "OUT", "--set", "selector.class_path=no.Such"],
            "no.Such",
        ),
        (["evaluate", "OUT", "--data", "TABLE"], "neither a run"),
        (["export", "OUT"], "no run at"),
        (["predict"], "artefact"),
        (["data", "clean", "TABLE"], "data check"),
        (["demo", "--seeds", "one", "--out", "OUT"], "--seeds"),
        (["demo", "--data", "wrists", "--out", "OUT"], "wrists"),
        (["demo", "--data", "TABLE", *ADAPT, "--task", "mood=regression", "--out", "OUT"], "'mood'"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(
    arguments: list[str], words: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"TABLE": str(table), "OUT": str(tmp_path / "out")}
    assert words in error_line([places.get(argument, argument) for argument in arguments], capsys)
    assert not (tmp_path / "out" / "checkpoints").exists()


def test_data_check_fails_where_something_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path)
    assert main(["data", "check", str(path), "--source", "kitchen"]) == 0
    (tmp_path / "kitchen3-motion.npy").unlink()
    assert "1 problem" in error_line(["data", "check", str(path)], capsys)


def test_data_check_says_what_a_table_that_it_writes_loses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = write_table(tmp_path), tmp_path / "good.csv"
    command = ["data", "check", str(path), "--skip-bad", "--out", str(out)]
    assert main(command) == 0
    assert "cannot say" not in capsys.readouterr().out
    assert main([*command, "--task", "label=classes"]) == 0
    assert f"{out}: a file cannot say what task 'label' is: give --task label=classes" in capsys.readouterr().out


def test_a_file_that_breaks_during_training_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_table(tmp_path)
    broken = np.load(tmp_path / "garden5-motion.npy")
    broken[3, 1] = np.nan
    np.save(tmp_path / "garden5-motion.npy", broken)
    line = error_line(["adapt", "rna-uda", "--data", str(path), *ADAPT, "--out", str(tmp_path / "out")], capsys)
    assert "garden5" in line
    assert "motion" in line


def test_predict_names_what_it_was_not_given(artefact: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--motion, --sound" in error_line(["predict", str(artefact)], capsys)
    assert "--smell" in error_line(["predict", str(artefact), "--smell", "x"], capsys)
    assert "none.npy" in error_line(["predict", str(artefact), "--sound", "none.npy"], capsys)
    files = ["--sound", "a.npy", "--motion", "a.npy", "b.npy"]
    assert "as many files" in error_line(["predict", str(artefact), *files], capsys)


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "demo" in capsys.readouterr().out
    assert main(["--version"]) == 0
    with pytest.raises(SystemExit) as ended:
        main(["adapt", "--help"])
    assert ended.value.code == 0
    assert "--resume" in capsys.readouterr().out


def test_a_reader_that_has_enough_is_no_error() -> None:
    code = "import sys; from acclimate.__main__ import main; sys.exit(main(['--help']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_terminal_is_told_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages repeat names of files and what servers say."""
    assert main(["evaluate", "--help\x1b[2J"]) == 2
    assert main(["\x1b]0;x\x07"]) == 2
    assert main(["predict", "no\udcffwhere\x9b2J\u202e"]) == 2
    printed = capsys.readouterr().err
    assert printed.replace("\n", "").isprintable()
    assert "no?where?2J?" in printed
