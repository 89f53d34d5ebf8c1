"""Rows that would stop a training, found before it, and what may not be lost with them."""

from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError, RunError
from acclimate.framework.data import Problem, Row, Table, find_bad_rows, leave_out, read_table
from acclimate.framework.experiments.skipped import read_skipped, settle_skipped
from PIL import Image

from .bad_files import BAD_FILES, write_good_table
from .data_files import write_text


def ids(problems: tuple[Problem, ...]) -> list[str | None]:
    """Which rows they are about."""
    return [problem.id for problem in problems]


def test_other_rows_are_compared_with_what_the_training_rows_are(tmp_path: Path) -> None:
    """Two of three target rows have another rate: it is they that are bad, not the one that is like the source."""
    cells = {row: BAD_FILES["other rate"][0](tmp_path) for row in (1, 3)}
    table = read_table(write_good_table(tmp_path, cells))
    few = table.with_rows(row for row in table.rows if row.id in {"row1", "row3", "row5"})
    assert ids(find_bad_rows(table.select("lab", "train"), [few])) == ["row1", "row3"]


def test_a_kind_that_no_file_shows_is_tried(tmp_path: Path) -> None:
    lines = [f"{row},lab,train,{'nod' if row % 2 else 'shake'},{row}.png" for row in range(6)]
    for row in range(6):
        Image.fromarray(np.full((4, 5), 1000 + row, np.uint16)).save(tmp_path / f"{row}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    table = read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,depth", *lines))
    assert ids(find_bad_rows(table, [], {"depth": {"kind": "depth"}})) == ["3"]
    with pytest.raises(DataError, match="domain 'lab', split 'train', has no row left: all 6 cannot be used"):
        find_bad_rows(table)


def rows_of(*places: tuple[str, str, str | None]) -> Table:
    """A table of rows with domain, split and label."""
    rows = [
        Row(line, str(line), domain, split, {"label": label}, {"sound": "a.wav"})
        for line, (domain, split, label) in enumerate(places)
    ]
    return Table(rows, ".", ["sound"], ["label"])


@pytest.mark.parametrize(
    ("bad", "lost"),
    [
        ([0, 1], "domain 'lab', split 'train',"),
        ([2], "domain 'lab', split 'test',"),
        ([1], "task 'label', class 'nod' in training"),
    ],
)
def test_no_part_and_no_class_may_be_lost(bad: list[int], lost: str) -> None:
    table = rows_of(("lab", "train", "wave"), ("lab", "train", "nod"), ("lab", "test", "nod"), ("car", "train", "wave"))
    problems = [Problem("no.", line, str(line), "sound") for line in bad]
    with pytest.raises(DataError) as error:
        leave_out(table, problems, labelled=True)
    assert str(error.value).startswith(f"{lost} has no row left: all {len(bad)} cannot be used, the first for this")
    assert str(error.value).endswith(f"line {bad[0]}, id '{bad[0]}', sound: no.")


def test_labels_of_a_target_are_not_looked_at() -> None:
    table = rows_of(("lab", "train", "wave"), ("lab", "train", "nod"))
    left = leave_out(table, [Problem("no.", 1, "1", "sound")], labelled=False)
    assert [row.id for row in left.rows] == ["0"]
    assert leave_out(table, [], labelled=False) is table


def test_what_is_left_out_is_settled_once(tmp_path: Path) -> None:
    problem = Problem("no.", 2, "a", "sound")
    assert settle_skipped(lambda: [problem], tmp_path / "run", resume=False) == (problem,)
    # A run that was killed before it had a configuration begins again.
    assert settle_skipped(list, tmp_path / "run", resume=True) == ()
    (tmp_path / "run" / "config.yaml").write_text("seed: 0\n")
    assert settle_skipped(lambda: [problem], tmp_path / "run", resume=True) == ()
    with pytest.raises(RunError, match="already holds a run"):
        settle_skipped(list, tmp_path / "run", resume=False)


def test_a_damaged_list_is_one_line(tmp_path: Path) -> None:
    for text in ("[{}]", "no list", "[3]"):
        (tmp_path / "skipped.json").write_text(text)
        with pytest.raises(RunError, match=r"skipped\.json cannot be read"):
            read_skipped(tmp_path)
