"""A file is there whole or not at all."""

import stat
from pathlib import Path

import pytest
from acclimate.framework.files.hashes import file_sha256, sha256
from acclimate.framework.files.whole_file import whole_file, write_whole


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
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "absent" / "notes.txt", "text")
    assert [*tmp_path.iterdir()] == []
