"""What the operating system refuses is one line; a user's own bug keeps its trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from acclimate.framework.commands import data_check
from acclimate.framework.files.hashes import file_sha256
from acclimate.framework.recipes.class_paths import import_class
from acclimate.framework.recipes.class_spec import ClassSpec
from acclimate.framework.system_errors import describe_system_error

from acclimate.__main__ import main

HEAD = "id,domain,split,label,text\n"


def run(arguments: list[str], redirection: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The program as a shell starts it."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-P", "-m", "acclimate", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, **environment},
    )


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Sentences of two classes, of which one is not ASCII."""
    rows = "".join(f'r{n},a,train,{"größe" if n % 2 else "masse"},"a fine day, the {n}th of all"\n' for n in range(8))
    path = tmp_path / "t.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("redirection", "line"),
    [
        pytest.param(
            ">/dev/full",
            "acclimate data: standard output cannot be written: No space left on device; make room, then try again",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux"),
        ),
        (">&-", "acclimate data: standard output is closed: direct it to a file, or to /dev/null"),
    ],
)
def test_an_output_that_takes_nothing_is_one_line(redirection: str, line: str, table: Path) -> None:
    found = run(["data", "check", str(table)], redirection)
    assert (found.returncode, found.stderr.decode().splitlines()) == (2, [line])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    ("arguments", "redirection", "lines"),
    [
        (["adapt", "--help"], ">/dev/full", 1),
        (["data", "check", "none.csv"], "2>/dev/full", 0),
    ],
)
def test_what_cannot_be_said_is_no_success(arguments: list[str], redirection: str, lines: int) -> None:
    found = run(arguments, redirection)
    assert (found.returncode, len(found.stderr.splitlines())) == (2, lines)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_training_that_cannot_say_its_end_is_gone_on_with(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["adapt", "source-only", "--data", str(table), "--source", "a", "--out", str(table.parent / "run")]
    settings = ["--reference", "none", "--set", "stages.0.epochs=1", "--device", "cpu"]
    with Path("/dev/full").open("w") as full, monkeypatch.context() as patched:
        patched.setattr("sys.stdout", full)
        assert main([*arguments, *settings]) == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("No space left on device; make room, then --resume")


def test_a_table_that_is_wrong_too_is_still_one_line(table: Path) -> None:
    table.write_text(f"{HEAD}r,a,train,x,\n")
    found = run(["data", "check", str(table)], ">/dev/full")
    assert found.returncode == 2
    assert len(found.stderr.splitlines()) == 1


def test_closed_streams_do_not_give_their_numbers_to_files(table: Path) -> None:
    found = run(["data", "check", str(table)], "<&- 2>&-")
    assert found.returncode == 0
    assert b"masse" in found.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_class_is_printed_whatever_the_terminal_can_show(encoding: str, table: Path) -> None:
    found = run(["data", "check", str(table)], PYTHONIOENCODING=encoding)
    assert (found.returncode, found.stderr) == (0, b"")
    shown = rb"gr\xf6\xdfe" if encoding == "ascii" else "größe".encode(encoding)
    assert shown in found.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data", "check", "x" * 300 + ".csv"], "File name too long"),
        (["data", "check", "y" * 5000 + "/t.csv"], "File name too long"),
        (["adapt", "rna-uda", "--data", "x" * 300 + ".csv", "--source", "a", "--out", "run"], "File name too long"),
        (["evaluate", "x" * 300, "--data", "t.csv"], "File name too long"),
        (["export", "x" * 300], "File name too long"),
        (["predict", "x" * 300, "--audio", "a.wav"], "File name too long"),
        (["report", "x" * 300], "File name too long"),
        (["data", "convert", "x" * 300, "a.npz"], "File name too long"),
        (["zoo", "verify", "./" + "x" * 300], "cannot be trusted"),
        (["adapt", "x" * 300 + ".yaml", "--data", "t.csv", "--source", "a", "--out", "run"], ""),
    ],
)
def test_names_that_no_system_takes_are_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert [*tmp_path.iterdir()] == []


def test_memory_that_is_not_there_is_one_line(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("Unable to allocate 3.00 TiB")

    monkeypatch.setattr(data_check, "count_skipped", fail)
    assert main(["data", "check", str(table), "--skip-bad"]) == 2
    line = "acclimate data: there is not enough memory: Unable to allocate 3.00 TiB\n"
    assert capsys.readouterr().err == line


def test_a_users_own_bug_keeps_its_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a recipe has named its class; the same in our own code is a line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    code = "class Encoder:\n    def __init__(self):\n        open('weights.bin')\n"
    Path("encoder_with_a_bug.py").write_text(code)
    made = import_class(ClassSpec("encoder_with_a_bug.Encoder"), "encoders.audio")
    with pytest.raises(FileNotFoundError) as theirs:
        made()
    with pytest.raises(FileNotFoundError) as ours:
        file_sha256(Path("weights.bin"))
    assert describe_system_error(theirs.value) is None
    assert describe_system_error(ours.value) == "weights.bin: No such file or directory"
