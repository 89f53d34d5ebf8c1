"""What a command would write is looked at before its work: its place, and that it is nothing that is read."""

import os
import shutil
from pathlib import Path

import pytest
from acclimate.framework import AcclimateError, RunError
from acclimate.framework.report.write import write_report

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
    ("command", "words"),
    [
        (["report", str(KEPT / "run"), "--out", "cat.png"], "--out is an HTML page, so its name must end in .html or"),
        (
            ["evaluate", str(KEPT / "run"), "--data", str(KEPT / "table.csv"), "--json", "cat.png"],
            "--json is a JSON file, so its name must end in .json, but got cat.png",
        ),
    ],
)
def test_a_picture_of_the_users_is_not_written_over(
    command: list[str], words: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "cat.png").write_bytes(b"a picture")
    assert words in error_line(command, capsys)
    assert (here / "cat.png").read_bytes() == b"a picture"


def test_a_report_is_not_written_over_the_table_of_its_run(here: Path) -> None:
    shutil.copytree(KEPT / "run", here / "run")
    (here / "table.csv").write_text(TABLE, encoding="utf-8")
    with pytest.raises(AcclimateError, match="must be another file than those that are read"):
        write_report(Path("run"), here / "table.csv")
    assert (here / "table.csv").read_text(encoding="utf-8") == TABLE


def test_the_table_of_a_run_that_was_started_elsewhere_is_asked_for(here: Path) -> None:
    words = "was trained on the table table.csv, as seen from the folder that it was started in, .* --data says where"
    with pytest.raises(RunError, match=words):
        write_report(KEPT / "run", here / "page.html")


def test_a_checkpoint_is_of_a_run(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    artefact = str(KEPT / "artefacts" / "branch")
    arguments = ["evaluate", artefact, "--data", str(KEPT / "table.csv"), "--checkpoint", "last"]
    assert f"--checkpoint chooses weights of a run, but {artefact} is none" in error_line(arguments, capsys)


@pytest.mark.parametrize("name", ["../x", "a..b"])
def test_a_name_that_triton_does_not_take_is_known_before_the_export(
    name: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["export", str(KEPT / "run"), "--out", "artefact", "--triton", "models", "--triton-name", name]
    assert "a model in Triton has a name of letters" in error_line(arguments, capsys)
    assert [path.name for path in here.iterdir()] == ["afile"]


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
