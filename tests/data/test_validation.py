"""Validation rows that are carved out of a source."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Row, Table, carve_validation


def make_table(
    labels: Sequence[str | None], groups: Sequence[str | None] = (), domains: Sequence[str] = ("lab",)
) -> Table:
    """A table of these labels and groups, domains taking turns."""
    rows = [
        Row(index + 2, f"row{index}", domains[index % len(domains)], "train", {"label": label}, {"a": "a.wav"}, group)
        for index, (label, group) in enumerate(zip(labels, groups or [None] * len(labels), strict=True))
    ]
    return Table(rows, Path(), ["a"], ["label"])


def labels_of(table: Table) -> Counter[str | None]:
    """How many rows each class has."""
    return Counter(row.labels["label"] for row in table.rows)


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_lost_and_order_is_kept(seed: int) -> None:
    table = make_table(["1", "2", "3"] * 20)
    train, validation = carve_validation(table, 0.25, seed)
    assert sorted([*train.rows, *validation.rows], key=lambda row: row.line) == list(table.rows)
    assert list(train.rows) == sorted(train.rows, key=lambda row: row.line)
    assert list(validation.rows) == sorted(validation.rows, key=lambda row: row.line)


@pytest.mark.parametrize("groups", [(), [f"person{index % 9}" for index in range(60)]])
def test_the_seed_decides(groups: Sequence[str]) -> None:
    table = make_table(["1", "2", "3"] * 20, groups)
    first, again, other = (carve_validation(table, 0.25, seed)[1] for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_drawn_evenly_over_classes_and_domains(seed: int) -> None:
    table = make_table([*["rare"] * 20, *["usual"] * 180], domains=("lab", "street"))
    _, validation = carve_validation(table, 0.2, seed)
    assert len(validation) == 40
    assert abs(labels_of(validation)["rare"] - 4) <= 1
    assert abs(Counter(row.domain for row in validation.rows)["lab"] - 20) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_drawn_evenly_over_values(seed: int) -> None:
    table = make_table([f"{value / 10}" for value in range(100)])
    _, validation = carve_validation(table, 0.1, seed)
    values = sorted(float(row.labels["label"] or "nan") for row in validation.rows)
    assert [int(value) for value in values] == list(range(10))


def test_whole_numbers_that_are_said_to_be_a_regression_are_spared_like_others() -> None:
    """As classes, each would be the last of its own."""
    table = make_table([str(value) for value in range(100)])
    with pytest.raises(DataError, match="holds the last training row of a class"):
        carve_validation(table, 0.1, 0)
    _, validation = carve_validation(table.with_kinds({"label": "regression"}), 0.1, 0)
    assert len(validation) == 10


@pytest.mark.parametrize("seed", range(10))
def test_every_class_keeps_a_row_to_train_on(seed: int) -> None:
    train, validation = carve_validation(make_table(["1", "2", "2", "3", "3", "3"]), 0.5, seed)
    assert set(labels_of(train)) == {"1", "2", "3"}
    assert len(validation) == 3
    groups = ["p1", "p2", "p3", "p4", "p4", "p5"]
    train, validation = carve_validation(make_table(["1", "2", "2", "3", "3", "3"], groups), 0.5, seed)
    assert set(labels_of(train)) == {"1", "2", "3"}
    assert validation.rows


@pytest.mark.parametrize("seed", range(10))
def test_groups_stay_together(seed: int) -> None:
    groups = [f"person{index % 7}" for index in range(70)]
    train, validation = carve_validation(make_table(["1", "2"] * 35, groups), 0.3, seed)
    assert not {row.group for row in train.rows} & {row.group for row in validation.rows}
    assert len(validation) == 20


def test_a_row_without_a_group_is_one_by_itself() -> None:
    train, validation = carve_validation(make_table(["1", "2"] * 20, [*["row39"] * 30, *[None] * 10]), 0.1, 0)
    assert (len(train), len(validation)) == (36, 4)


@pytest.mark.parametrize("count", [2, 3])
def test_neither_part_is_empty(count: int) -> None:
    for fraction in (0.01, 0.99):
        train, validation = carve_validation(make_table([None] * count), fraction, 0)
        assert train.rows
        assert validation.rows


@pytest.mark.parametrize(
    ("labels", "groups", "what"),
    [
        (["1", "2", "3"], (), "rows"),
        ([None], (), "rows"),
        (["1", "1", "2", "2"], ["p1", "p1", "p2", "p2"], "groups"),
        (["1", "2"] * 4, ["p1"] * 8, "groups"),
    ],
)
def test_rows_that_cannot_be_spared_are_not_taken(labels: list[str | None], groups: Sequence[str], what: str) -> None:
    with pytest.raises(DataError) as error:
        carve_validation(make_table(labels, groups), 0.2, 0)
    assert str(error.value) == (
        f"expected {what} that can be spared for validation, but found that each holds the last training row of a "
        "class: give the table rows of split 'validation'."
    )


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1])
def test_the_fraction_is_between_0_and_1(fraction: float) -> None:
    with pytest.raises(ValueError, match=rf"^fraction must be between 0 and 1, but got {fraction}\.$"):
        carve_validation(make_table(["1", "1"]), fraction, 0)
