"""What cannot be reported on is one line that names it."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from acclimate.framework import RunError
from acclimate.framework.report.page import write_page
from acclimate.framework.runs.checkpoint import read_checkpoint, write_checkpoint

from acclimate.__main__ import main


def cut_log(run: Path) -> None:
    rows = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join(rows[:-1]))


def damage_log(run: Path) -> None:
    (run / "metrics.jsonl").write_text('{"kind": \n' + (run / "metrics.jsonl").read_text())


def empty_rows(run: Path) -> None:
    rows = (run / "metrics.jsonl").read_text().splitlines()
    bare = [json.dumps({"kind": "epoch"}) if json.loads(row)["kind"] == "epoch" else row for row in rows]
    (run / "metrics.jsonl").write_text("\n".join(bare) + "\n")


def take_checkpoint(run: Path) -> None:
    (run / "checkpoints" / "best.safetensors").unlink()


def damage_checkpoint(run: Path) -> None:
    (run / "checkpoints" / "best.safetensors").write_bytes(b"no checkpoint")


def take_environment(run: Path) -> None:
    (run / "environment.json").unlink()


def damage_summary(run: Path) -> None:
    (run / "summary.json").write_text("[]")


def take_data(run: Path) -> None:
    config = (run / "config.yaml").read_text()
    start, end = config.index("data:\n"), config.index("schema:\n", config.index("data:\n"))
    (run / "config.yaml").write_text(config[:start] + config[end:])


def take_target(run: Path) -> None:
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("  target: there\n", ""))


def add_list_to_log(run: Path) -> None:
    (run / "metrics.jsonl").write_text("[]\n" + (run / "metrics.jsonl").read_text())


def forget_progress(run: Path) -> None:
    checkpoint = read_checkpoint(run / "checkpoints" / "best.safetensors")
    write_checkpoint(run / "checkpoints" / "best.safetensors", attrs.evolve(checkpoint, state={}))


def damage_reference(run: Path) -> None:
    (run / "summary.json").write_text('{"source_only": []}')


def take_table(run: Path) -> None:
    config = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(config.replace("tested.csv", "lost.csv"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut_log, "has not ended: its metrics.jsonl holds 2 of 3 epochs"),
        (damage_log, "metrics.jsonl is damaged"),
        (empty_rows, "metrics.jsonl is damaged: a row of kind 'epoch'"),
        (take_checkpoint, "no checkpoint at"),
        (damage_checkpoint, "damaged"),
        (take_environment, "environment.json cannot be read"),
        (damage_summary, "summary.json must be a mapping, but is list"),
        (take_data, "config.yaml lacks the key 'data'"),
        (take_target, "data in its config.yaml must name table, source and target"),
        (add_list_to_log, "row 1 must be a mapping"),
        (forget_progress, "the best checkpoint does not say which epoch it is of: KeyError('progress')"),
        (damage_reference, "summary.json is damaged: source_only must be a mapping"),
        (take_table, "lost.csv"),
        (shutil.rmtree, "no run at"),
    ],
)
def test_an_unfinished_or_damaged_run_is_one_line(
    change: Callable[[Path], None], words: str, run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "run"
    shutil.copytree(run, damaged)
    change(damaged)
    out = tmp_path / "page.html"
    assert words in error_line(["report", str(damaged), "--out", str(out)], capsys)
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--split", "exam"], "split of 'here' must be one of"),
        (["--out", "nowhere/page.html"], "nowhere/page.html cannot be written: there is no folder nowhere"),
        (["--data", "nothing"], "but got 'nothing'"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], words: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert words in error_line(["report", str(run), *arguments], capsys)


def test_a_file_that_cannot_be_used_is_one_line_that_names_its_row(
    run: Path, table_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(table_path.parent, tmp_path / "data", ignore=shutil.ignore_patterns("run")))
    (copy / "there-train-1-audio.npy").write_bytes(b"no array")
    arguments = ["report", str(run), "--data", str(copy / "tested.csv"), "--split", "train"]
    line = error_line([*arguments, "--out", str(tmp_path / "page.html")], capsys)
    assert "'there-train-1'" in line
    assert "audio: there-train-1-audio.npy" in line


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written: File name too long"):
        write_page(tmp_path / ("x" * 300), "")


@pytest.mark.parametrize(
    ("module", "package"), [("jinja2", "Jinja2"), ("matplotlib", "matplotlib"), ("sklearn", "scikit-learn")]
)
def test_a_missing_package_is_one_line_that_says_what_to_install(
    module: str, package: str, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    line = error_line(["report", str(run)], capsys)
    assert line == f"acclimate report: needs the package {package}: pip install 'acclimate[report]'"


def error_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What a command that fails says."""
    capsys.readouterr()
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line
