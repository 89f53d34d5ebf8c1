"""A file is there whole or not at all."""

import errno
import os
import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from acclimate.framework import AcclimateError, WriteError
from acclimate.framework.files.folders import check_folder, make_folder
from acclimate.framework.files.hashes import file_sha256, sha256
from acclimate.framework.files.outputs import check_output
from acclimate.framework.files.whole_file import check_file, whole_file, write_whole


class Broken(Exception):  # noqa: N818 - no error
    """Raised in the middle of writing."""


def break_off(path: Path, *, sync: bool) -> None:
    with whole_file(path, sync=sync) as unfinished:
        unfinished.write_text("half")
        raise Broken


@pytest.mark.parametrize("sync", [True, False])
def test_what_fails_leaves_what_was_there_and_nothing_else(sync: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "notes.txt"
    write_whole(path, "before", sync=sync)
    with pytest.raises(Broken):
        break_off(path, sync=sync)
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


def test_the_name_is_not_there_before_the_whole_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    with whole_file(path) as unfinished:
        unfinished.write_bytes(b"half")
        assert not path.exists()
        unfinished.write_bytes(b"all of it")
    assert path.read_bytes() == b"all of it"
    assert file_sha256(path) == sha256(b"all of it")


def test_others_may_read_it_as_any_file_that_is_made_here(tmp_path: Path) -> None:
    write_whole(tmp_path / "whole", "text")
    (tmp_path / "plain").write_text("text")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("whole", "plain")}
    assert len(modes) == 1


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"absent/notes\.txt cannot be written: No such file"):
        write_whole(tmp_path / "absent" / "notes.txt", "text")
    assert [*tmp_path.iterdir()] == []


def test_a_file_keeps_its_mode_and_a_library_cannot_hide_it(tmp_path: Path) -> None:
    """Some libraries write to a file of their own, which nobody else may read, and move it into place."""
    path = tmp_path / "weights"
    with whole_file(path) as unfinished:
        unfinished.unlink()
        os.close(os.open(unfinished, os.O_CREAT | os.O_WRONLY, 0o600))
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    path.chmod(0o640)
    write_whole(path, "again")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_leads_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("before")
    (tmp_path / "link").symlink_to("file")
    write_whole(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "after"


def test_a_name_may_be_as_long_as_names_may_be(tmp_path: Path) -> None:
    write_whole(tmp_path / ("a" * 255), "text")
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        write_whole(pipe, "through it")
        assert read.result(10) == b"through it"
    assert pipe.is_fifo()
    assert [*tmp_path.iterdir()] == [pipe]


def test_the_null_device_is_not_replaced() -> None:
    write_whole(Path(os.devnull), "nothing")
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("file/out.csv", "there is no folder"),
        ("absent/out.csv", "there is no folder"),
        (f"{'x' * 300}.csv", "File name too long"),
        (f"{'x' * 300}/out.csv", "File name too long"),
        ("folder", "there is a folder of that name"),
    ],
)
def test_what_cannot_be_written_is_known_before(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(WriteError, match=rf"cannot be written: {reason}"):
        check_file(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("name", ["file/run", "file", "x" * 300, f"new/{'x' * 300}"])
def test_a_folder_that_cannot_be_is_known_before(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="cannot be written"):
        check_folder(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_can_be_is_left_as_it_was(tmp_path: Path) -> None:
    check_folder(tmp_path / "a" / "b")
    assert [*tmp_path.iterdir()] == []
    check_folder(tmp_path)
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_no_room_is_said_with_what_to_do(tmp_path: Path) -> None:
    def fill(path: Path) -> None:
        with whole_file(path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(WriteError) as found:
        fill(tmp_path / "table.csv")
    line = f"{tmp_path / 'table.csv'} cannot be written: No space left on device; make room, then try again"
    assert str(found.value) == line
    assert str(pickle.loads(pickle.dumps(found.value))) == line  # noqa: S301 - as processes hand it on
    assert [*tmp_path.iterdir()] == []


def test_the_same_file_is_known_under_every_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own.csv"
    own.write_text("mine")
    (tmp_path / "soft.csv").symlink_to(own)
    (tmp_path / "hard.csv").hardlink_to(own)
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("own.csv", "./own.csv", "folder/../own.csv", "soft.csv", "hard.csv", str(own)):
        with pytest.raises(AcclimateError, match="--out must be another file than those that are read"):
            check_output(Path(name), ["wrist", "own.csv"])
    check_output(Path("other.csv"), ["wrist", "own.csv"])
    assert own.read_text() == "mine"
