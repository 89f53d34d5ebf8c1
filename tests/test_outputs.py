"""What a command would write is looked at before its work: its place, and that it is nothing that is read."""

import os
from pathlib import Path

import pytest

from acclimate.__main__ import main

KEPT = Path(__file__).parent / "kept"
TABLE = (KEPT / "table.csv").read_text(encoding="utf-8").replace("features.npz", str(KEPT / "features.npz"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a file where folders are asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "afile").touch()
    return tmp_path


def error_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("out", ["own.csv", "./own.csv", "folder/../own.csv", "link.csv", "hard.csv", "ABSOLUTE"])
@pytest.mark.parametrize(
    "command",
    [
        ["data", "check", "own.csv", "--skip-bad", "--out"],
        ["data", "corrupt", "own.csv", "--domain", "there", "--corrupt", "motion=gaussian_noise(std=0.3)", "--out"],
        ["evaluate", str(KEPT / "artefacts" / "branch"), "--data", "own.csv", "--json"],
    ],
)
def test_a_users_own_table_is_not_written_over(
    command: list[str], out: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = here / "own.csv"
    own.write_text(TABLE, encoding="utf-8")
    (here / "folder").mkdir()
    (here / "link.csv").symlink_to(own)
    (here / "hard.csv").hardlink_to(own)
    line = error_line([*command, str(own) if out == "ABSOLUTE" else out], capsys)
    assert "must be another file than those that are read" in line
    assert own.read_text(encoding="utf-8") == TABLE


@pytest.mark.parametrize("file", ["config.json", "model.onnx"])
def test_a_model_is_not_written_over(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    artefact = KEPT / "artefacts" / "branch"
    before = (artefact / file).read_bytes()
    arguments = ["evaluate", str(artefact), "--data", str(KEPT / "table.csv"), "--json", str(artefact / file)]
    assert "--json must be another file than those that are read" in error_line(arguments, capsys)
    assert (artefact / file).read_bytes() == before


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("afile/run", "Not a directory"),
        ("afile", "is not empty and holds no"),
        pytest.param("/proc/x", "cannot be written", marks=pytest.mark.skipif(os.name == "nt", reason="no /proc")),
        ("x" * 300, "File name too long"),
        ("new/" + "x" * 300, "File name too long"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ["adapt", "rna-uda", "--data", "absent.csv", "--source", "a", "--target", "b"],
        ["compare", "--recipes", "rna-uda", "--data", "absent.csv", "--shift", "a:b"],
    ],
)
def test_a_folder_that_cannot_be_is_known_before_any_data_are_read(
    command: list[str], out: str, words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The table is not even there."""
    assert words in error_line([*command, "--out", out], capsys)
    assert [path.name for path in here.iterdir()] == ["afile"]


@pytest.mark.parametrize(
    "command",
    [
        ["data", "check", "t.csv", "--skip-bad", "--out", "gone/good.csv"],
        ["data", "corrupt", "t.csv", "--domain", "a", "--out", "gone/bad.csv", "--corrupt", "image=blur"],
        ["data", "corrupt", "t.csv", "--domain", "a", "--out", "bad.txt", "--corrupt", "image=blur"],
        ["evaluate", "gone", "--data", "t.csv", "--json", "gone/scores.json"],
        ["export", "gone", "--out", "afile/artefact"],
        ["export", "gone", "--triton", "afile/models"],
        ["zoo", "pull", "rna-uda.wrist", "--out", "afile/copy"],
        ["zoo", "publish", "gone", "--to", "afile/mirror", "--licence", "MIT", "--data-licence", "MIT"],
        ["zoo", "site", "afile/site"],
        ["zoo", "reproduce", "rna-uda.wrist", "--out", "afile/run"],
        ["demo", "--out", "afile/demo"],
    ],
)
def test_a_file_that_cannot_be_is_one_line(command: list[str], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = error_line(command, capsys)
    assert "cannot be" in line or "name must end in" in line
    assert [path.name for path in here.iterdir()] == ["afile"]
