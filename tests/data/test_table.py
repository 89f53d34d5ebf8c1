"""Selections of a table."""

import time
from pathlib import Path

import attrs
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Row, Table


def make_table() -> Table:
    """Three domains, one of them without test rows."""
    parts = [("lab", "train"), ("lab", "test"), ("street", "train"), ("street", "test"), ("car", "train")]
    rows = [
        Row(line, f"{domain}-{split}", domain, split, {"label": "1"}, {"b": "b.wav", "a": None})
        for line, (domain, split) in enumerate(parts)
    ]
    return Table(rows, Path(), ["b", "a"], ["label"])


def test_a_table_knows_its_domains_and_splits() -> None:
    table = make_table()
    assert len(table) == 5
    assert (table.domains, table.splits, table.modalities) == (("car", "lab", "street"), ("test", "train"), ("a", "b"))
    assert table.rows[0].present == ("b",)


@pytest.mark.parametrize(
    ("domains", "split", "ids"),
    [
        (None, None, ["lab-train", "lab-test", "street-train", "street-test", "car-train"]),
        ("lab", None, ["lab-train", "lab-test"]),
        (["street", "lab"], "train", ["lab-train", "street-train"]),
        (None, "test", ["lab-test", "street-test"]),
        (["lab", "car"], "test", ["lab-test"]),
    ],
)
def test_rows_are_selected_in_order(domains: list[str] | str | None, split: str | None, ids: list[str]) -> None:
    assert [row.id for row in make_table().select(domains, split).rows] == ids


@pytest.mark.parametrize(
    ("domains", "split", "message"),
    [
        ("kitchen", None, "domain must be one of 'car', 'lab', 'street', but got 'kitchen'."),
        (["lab", "kitchen"], "gone", "domain must be one of 'car', 'lab', 'street', but got 'kitchen'."),
        ("car", "test", "split of 'car' must be one of 'train', but got 'test'."),
        (["lab", "car"], "validation", "split of 'lab', 'car' must be one of 'test', 'train', but got 'validation'."),
    ],
)
def test_what_is_not_there_cannot_be_selected(domains: list[str] | str, split: str | None, message: str) -> None:
    with pytest.raises(DataError) as error:
        make_table().select(domains, split)
    assert str(error.value) == message


def test_the_kind_of_a_task_is_what_the_user_says_or_else_what_its_labels_look_like() -> None:
    table = make_table()
    assert table.kind("label") == "classes"
    known = table.with_kinds({"label": "regression"})
    assert known.kind("label") == known.select("lab", "train").kind("label") == "regression"
    assert known.with_kinds({"label": "classes"}).kind("label") == "classes"
    numbers = table.with_rows(attrs.evolve(row, labels={"label": f"{row.line}.5"}) for row in table.rows)
    assert numbers.kind("label") == "regression"


def test_kinds_are_of_tasks_that_are_there() -> None:
    with pytest.raises(DataError) as raised:
        make_table().with_kinds({"mood": "classes"})
    assert str(raised.value) == "task must be one of 'label', but got 'mood'."


def test_many_domains_are_selected_in_no_long_time() -> None:
    rows = [Row(line, f"{line}", f"d{line}", "train", {}, {"a": "a.wav"}) for line in range(20_000)]
    table = Table(rows, Path(), ["a"], [])
    began = time.process_time()
    assert len(table.select(None, "train")) == len(table.select(table.domains)) == 20_000
    # Where all domains are looked for anew for each of them, this takes minutes.
    assert time.process_time() - began < 10
