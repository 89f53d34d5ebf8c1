"""Labels that are more likely something else: told before training, and refused by it where that is certain."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Row, Schema, Table
from acclimate.framework.data.doubt import Doubt
from acclimate.framework.data.label_doubts import find_label_doubts
from acclimate.framework.data.labels import TaskKind, is_number, sort_naturally

NUMBERS = [f"{number / 7:.3f}" for number in range(1, 60)]


def make_table(labels: Sequence[str | None], root: Path = Path()) -> Table:
    """Training rows of a source, with these labels."""
    rows = [Row(line, f"s{line}", "A", "train", {"label": label}, {"x": "x.npy"}) for line, label in enumerate(labels)]
    return Table(rows, root, ["x"], ["label"])


def doubts(labels: Sequence[str | None], kind: TaskKind | None = None) -> list[Doubt]:
    table = make_table(labels)
    return [*find_label_doubts(table if kind is None else table.with_kinds({"label": kind}), "label")]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [*NUMBERS, "n/a"],
            (
                "task 'label': 59 of 60 labels are numbers, such as '0.143', but 'n/a' is none, so that each of 60 "
                "would be a class: leave out what is no number, or say --task label=classes if they are names"
            ),
        ),
        (
            [label.replace(".", ",") for label in NUMBERS],
            (
                "task 'label': labels such as '0,143' look like numbers in another notation, but would be 59 classes: "
                "write 0.143, or say --task label=classes if they are names"
            ),
        ),
        (["0.5", "0,5", "1", "1"], "task 'label': labels such as '0,5' look like numbers in another notation"),
        (["\N{MINUS SIGN}0.5", "1"], "task 'label': labels such as '\N{MINUS SIGN}0.5' look like numbers in another"),
        (
            ["1.000,5", "2"],
            "labels such as '1.000,5' look like numbers in another notation, but would be",
        ),
        ([*(label.replace(".", ",") for label in NUMBERS), "high"], "59 of 60 labels are numbers, such as '0,143'"),
        ([*map(str, range(30)), "?"], "30 of 31 labels are numbers, such as '0', but '?' is none, so that each of 31"),
        (
            ["0", "0", "1", "0.0"],
            (
                "task 'label': '0' (2 rows) and '0.0' (1 row) are one number, but would be two classes: write them "
                "alike, or say --task label=classes if they are names"
            ),
        ),
    ],
)
def test_labels_that_are_certain_to_be_something_else_are_refused(
    tmp_path: Path, labels: list[str], message: str
) -> None:
    first = doubts(labels)[0]
    assert message in first.message
    assert first.refused
    np.save(tmp_path / "x.npy", np.arange(4.0))
    table = make_table(labels, tmp_path)
    with pytest.raises(DataError) as error:
        Schema.fit(table)
    assert str(error.value) == f"{first.message}."
    # Whoever says what they are has the last word.
    (task,) = Schema.fit(table, tasks={"label": "classes"}).tasks
    assert task.classes == sort_naturally(set(labels))
    assert Schema.fit(table.with_kinds({"label": "classes"})).tasks == (task,)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [*"aaabbb", "nan"],
            "task 'label': 'nan' (1 row) reads as if there were no label, but is a class",
        ),
        (
            ["Yes", "yes", "Yes", "no"],
            "task 'label': 'Yes' (2 rows) and 'yes' (1 row) differ in nothing but how they are written, but are two",
        ),
        (["true", "True", "x"], "'True' (1 row) and 'true' (1 row) differ in nothing but how they are written"),
        (["caf\u00e9", "cafe\u0301"], "differ in nothing but how they are written"),
        (["a\u00a0b", "a b"], "differ in nothing but how they are written"),
        (["a\u200b", "a"], "'a\\u200b' (1 row) differ in nothing but how they are written"),
        (
            [f"row {number}" for number in range(20)],
            (
                "task 'label': 20 classes in 20 training rows, 20 of them with one row, are names of rows rather than "
                "of classes"
            ),
        ),
        ([*map(str, range(20, 40))], "names of rows rather than of classes; say --task label=regression if they are"),
        ([*["0.5"] * 40, *["1"] * 40, "none"], "80 of 81 labels are numbers, such as '0.5', but 'none' is none"),
        (["x" * 200, "X" * 200], f"'{'X' * 37}...' (1 row) and '{'x' * 37}...' (1 row) differ"),
    ],
)  # fmt: skip
def test_labels_that_may_be_something_else_are_told(labels: list[str], message: str) -> None:
    (doubt,) = doubts(labels)
    assert message in doubt.message
    assert not doubt.refused


@pytest.mark.parametrize(
    "labels",
    [
        [],
        [None, None],
        ["a", "b", None],
        ["0", "1", "2", "0", "1", "2"],
        ["1", "2.5", "2.50"],
        NUMBERS,
        ["one", "two", "3"],
        ["take 1", "take 2"],
        [*"abcdef"],
        ["-1", "+1", "0"],
    ],
)
def test_other_labels_are_beyond_doubt(labels: list[str | None]) -> None:
    assert doubts(labels) == []


def test_who_says_what_labels_are_is_told_of_them_and_not_refused() -> None:
    assert doubts([*NUMBERS, "n/a"], "regression") == []
    found = doubts([*NUMBERS, "n/a", "0.50", "0.5"], "classes")
    assert [doubt.refused for doubt in found] == [False] * len(found)
    assert len(found) == 3


def test_a_table_that_knows_its_classes_is_beyond_doubt() -> None:
    table = Table(make_table(["Yes", "yes"]).rows, ".", ["x"], ["label"], classes={"label": ("Yes", "yes")})
    assert [*find_label_doubts(table, "label")] == []


def test_long_cells_take_no_long_time() -> None:
    assert not is_number("1" * 100_000 + "x")
    assert not is_number("1" * 100_000)
    assert sort_naturally(["9" * 5000, "a", "10" * 3000, "10", "9"]) == ("9", "10", "9" * 5000, "10" * 3000, "a")
