"""A folder in which things are no files, or change while they are read: refused, and nothing is waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from acclimate.framework.errors import ZooError
from acclimate.zoo import folder as folder_module
from acclimate.zoo.folder import file_size, hash_file, open_folder, parse_hashes, read_bounded
from acclimate.zoo.names import HASHES_FILE, SIZE_LIMITS

REPLACEMENTS: dict[str, Callable[[Path], object]] = {
    "link": lambda path: path.symlink_to(os.devnull),
    "link to nothing": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
}


@pytest.mark.parametrize("name", [*SIZE_LIMITS, HASHES_FILE])
@pytest.mark.parametrize("replace", REPLACEMENTS.values(), ids=REPLACEMENTS)
def test_what_is_no_file_is_refused_by_name(name: str, replace: Callable[[Path], object], folder: Path) -> None:
    (folder / name).unlink()
    replace(folder / name)
    with pytest.raises(ZooError, match=f"{name} must be a regular file, but is something else"):
        open_folder(folder)


@pytest.mark.parametrize("replace", [*REPLACEMENTS.values()], ids=REPLACEMENTS)
def test_what_takes_a_files_place_after_it_was_looked_at_is_refused(
    replace: Callable[[Path], object], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "metrics.json"

    def look_and_replace(looked_at: Path, limit: int) -> int:
        size = file_size(looked_at, limit)
        looked_at.unlink()
        replace(looked_at)
        return size

    monkeypatch.setattr(folder_module, "file_size", look_and_replace)
    with pytest.raises(ZooError, match=r"metrics\.json (must be a regular file|cannot be read)"):
        read_bounded(path, 2**22)


def test_a_file_that_grows_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    path.write_bytes(b"12345")
    with pytest.raises(ZooError, match="may have 4 bytes at most, but has 5"):
        hash_file(path, 4)


@pytest.mark.parametrize("path", ["\0", "x" * 5000, "nowhere", os.devnull])
def test_what_is_no_folder_is_refused(path: str) -> None:
    with pytest.raises(ZooError, match="it is no folder"):
        open_folder(path)


@pytest.mark.parametrize("name", ["Readme.md", "README.md ", "config.json\n", "\x1b[2J", "config.json~", "..a"])
def test_no_name_but_the_six_is_let_in(name: str, folder: Path) -> None:
    (folder / name).write_bytes(b"")
    with pytest.raises(ZooError, match="is no file of a checkpoint"):
        open_folder(folder)


@pytest.mark.parametrize("between", ["\r\n", "\x0b", "\x1c", "\n\n"])
def test_lines_end_where_other_programs_end_them(between: str) -> None:
    text = between.join(f"{'0' * 64}  {name}" for name in SIZE_LIMITS)
    with pytest.raises(ZooError, match="SHA256SUMS, line"):
        parse_hashes(text, "SHA256SUMS")
