"""Whatever a path leads to, reading it ends, within a bound, and says what is wrong in one line."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from acclimate.framework.errors import DataError, RecipeError
from acclimate.framework.files.bounded_file import read_bounded, read_bounded_text


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    with pytest.raises(RecipeError, match=r"^mine: expected at most 4 bytes, but found 5; shorten it\.$"):
        read_bounded(path, 4, name="mine", error=RecipeError, hint="; shorten it")


def test_a_hole_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    os.truncate(path, 256 * 2**30)
    with pytest.raises(DataError, match="at most 1,000 bytes, but found 274,877,906,944"):
        read_bounded(path, 1000)


def test_a_file_that_outgrows_memory_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    os.truncate(path, 2**30)
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (400 * 2**20, 400 * 2**20))\n"
        "from acclimate.framework.files.bounded_file import read_bounded\n"
        "from acclimate.framework.errors import DataError\n"
        "try: read_bounded(sys.argv[1], 2**40)\n"
        "except DataError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-P", "-c", program, path], capture_output=True, text=True, check=True)
    assert "expected a file that fits in memory, but found 1,073,741,824 bytes" in run.stdout


def test_a_file_that_says_it_is_empty_is_bounded_too() -> None:
    if not Path("/proc/self/maps").is_file():
        pytest.skip("this system has no /proc")
    with pytest.raises(DataError, match="at most 10 bytes, but found 11"):
        read_bounded("/proc/self/maps", 10)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            listening.bind("socket")
        finally:
            os.chdir(here)
    for name, found in {"pipe": "a named pipe", "socket": "a socket", ".": "a folder"}.items():
        with pytest.raises(DataError, match=f"expected a file, but found {found}"):
            read_bounded(tmp_path / name, 10)
    with pytest.raises(DataError, match="found a device"):
        read_bounded(os.devnull, 10)


@pytest.mark.parametrize(
    ("path", "words"),
    {
        "missing": "expected a file, but found none",
        "x" * 300: "File name too long",
        "a\0b": "expected a path, but found",
        "a\ud800b": "half a character",
        f"{os.devnull}/a": "found none",
    }.items(),
    ids=["missing", "long", "zero", "half", "below-a-file"],
)
def test_a_path_that_cannot_be_is_one_line(path: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(words)) as caught:
        read_bounded(tmp_path / path, 10)
    assert "\n" not in str(caught.value)


def test_text_is_utf8_with_or_without_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes("\ufeffgrün".encode())
    assert read_bounded_text(path, 100) == "grün"
    path.write_bytes(b"\xef\xbb\xbfa\nb\xfc")
    with pytest.raises(DataError, match="line 2: expected UTF-8, but found byte 0xfc"):
        read_bounded_text(path, 100)
