"""A folder is replaced whole or not at all."""

from pathlib import Path

import pytest
from acclimate.framework import WriteError
from acclimate.framework.files.replaced_folder import replace_folder


def make(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(name, encoding="utf-8")


def write_half(target: Path) -> None:
    with replace_folder(target) as made:
        make(made, "new")
        raise OSError(28, "full")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_one_takes_the_place_of_all_that_was_there(tmp_path: Path) -> None:
    make(tmp_path / "site", "old", "both")
    with replace_folder(tmp_path / "site") as made:
        assert names(tmp_path / "site") == ["both", "old"]
        make(made, "new", "both")
    assert names(tmp_path / "site") == ["both", "new"]
    assert names(tmp_path) == ["site"]


def test_the_folders_above_are_made(tmp_path: Path) -> None:
    with replace_folder(tmp_path / "a" / "b") as made:
        make(made, "new")
    assert names(tmp_path / "a" / "b") == ["new"]


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    make(tmp_path / "site", "old")
    with pytest.raises(OSError, match="full"):
        write_half(tmp_path / "site")
    assert names(tmp_path / "site") == ["old"]
    assert names(tmp_path) == ["site"]


def test_what_cannot_take_the_place_gives_it_back(tmp_path: Path) -> None:
    make(tmp_path / "site", "old")
    with pytest.raises(WriteError, match="No such file"), replace_folder(tmp_path / "site") as made:
        made.rmdir()
    assert names(tmp_path / "site") == ["old"]
    assert names(tmp_path) == ["site"]


def test_a_link_leads_to_the_place(tmp_path: Path) -> None:
    make(tmp_path / "site", "old")
    (tmp_path / "link").symlink_to("site")
    with replace_folder(tmp_path / "link") as made:
        make(made, "new")
    assert (tmp_path / "link").is_symlink()
    assert names(tmp_path / "site") == ["new"]
