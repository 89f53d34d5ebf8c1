"""Label columns and the tasks that they make."""

import pytest
from acclimate.framework import DataError, Task
from acclimate.framework.data.labels import TaskKind, encode_label, infer_kind, is_number, make_task, sort_naturally


@pytest.mark.parametrize("value", ["0", "-1", "+2.5", ".5", "5.", "1e3", "1E-3"])
def test_numbers(value: str) -> None:
    assert is_number(value)


@pytest.mark.parametrize("value", ["", "nan", "inf", "1_000", "0x1", "1e999", "one", "1 2", "."])
def test_words(value: str) -> None:
    assert not is_number(value)


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (["10", "9", "0", "1"], ("0", "1", "9", "10")),
        (["0.5", "-2", "1e1"], ("-2", "0.5", "1e1")),
        (["b2", "b10", "a"], ("a", "b2", "b10")),
        (["10", "9", "none"], ("9", "10", "none")),
    ],
)
def test_classes_are_sorted_as_people_do(values: list[str], order: tuple[str, ...]) -> None:
    assert sort_naturally(values) == order
    assert sort_naturally(reversed(values)) == order


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "3.0"], "classes"),
        (["1", "2.5"], "regression"),
        (["1", "2.5", "none"], "classes"),
        (["nan", "0.5"], "classes"),
        ([], "classes"),
    ],
)
def test_a_fraction_makes_a_regression_target(values: list[str], kind: str) -> None:
    assert infer_kind(values) == kind


@pytest.mark.parametrize(
    ("values", "kind", "task"),
    [
        (["b", "a", "b"], None, Task("x", ("a", "b"))),
        (["1", "2"], None, Task("x", ("1", "2"))),
        (["1", "2"], "regression", Task("x")),
        (["0.5", "2"], None, Task("x")),
        (["0.5", "2"], "classes", Task("x", ("0.5", "2"))),
    ],
)
def test_tasks(values: list[str], kind: TaskKind | None, task: Task) -> None:
    assert make_task("x", values, kind) == task


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        (["a", "a"], None, "task 'x' needs two or more classes in the source's training rows, but got 'a'."),
        ([], None, "task 'x' needs two or more classes in the source's training rows, but got none."),
        (["1", "b", "a"], "regression", "task 'x' is a regression target, so labels must be numbers, but got 'a'."),
    ],
)
def test_labels_that_make_no_task(values: list[str], kind: TaskKind | None, message: str) -> None:
    with pytest.raises(DataError) as error:
        make_task("x", values, kind)
    assert str(error.value) == message


def test_labels_are_encoded() -> None:
    assert encode_label(Task("x", ("b", "a")), "a") == 1
    assert encode_label(Task("x"), "2.5") == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("task", "value", "message"),
    [
        (Task("x", ("a", "b")), "c", "expected one of the source's classes 'a', 'b', but found 'c'."),
        (Task("x", ("a", "b")), None, "expected a label, but found an empty cell."),
        (Task("x"), "high", "expected a number, but found 'high'."),
    ],
)
def test_labels_that_cannot_be_encoded(task: Task, value: str | None, message: str) -> None:
    with pytest.raises(DataError) as error:
        encode_label(task, value)
    assert str(error.value) == message
