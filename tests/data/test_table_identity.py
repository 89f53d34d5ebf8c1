"""A table is itself, not the text of its path."""

import os
import shutil
from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data.table_identity import TableIdentity, identify_table

from .data_files import write_multimodal_table


def test_a_table_is_the_same_by_every_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_multimodal_table(tmp_path)
    (tmp_path / "other").mkdir()
    shutil.copy(path, tmp_path / "other" / path.name)
    monkeypatch.chdir(tmp_path)
    same = {identify_table(str(name)) for name in (path, path.name, "other/../table.csv", "other/table.csv")}
    (identity,) = same
    assert (identity.name, identity.key[:-12]) == ("table", "table-")


def test_two_tables_of_one_name_are_two(tmp_path: Path) -> None:
    path = write_multimodal_table(tmp_path)
    before = identify_table(str(path))
    path.write_text(path.read_text(encoding="utf-8").replace("row0", "row00"), encoding="utf-8")
    after = identify_table(str(path))
    assert before.name == after.name
    assert before.key != after.key


def test_a_built_in_data_set_is_its_name() -> None:
    assert identify_table("wrist") == TableIdentity("wrist")


@pytest.mark.parametrize("kind", ["none", "folder", "pipe", "long"])
def test_what_is_no_file_is_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("x" * 300 if kind == "long" else "table.csv")
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(DataError, match=r"^[^\n]+: expected a [^\n]+$"):
        identify_table(str(path))
