"""Cells of a label column: what task they make, and their order."""

import math
import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from ..errors import DataError
from ..layout import Task

TaskKind: TypeAlias = Literal["classes", "regression"]

# Possessive, so that no long cell takes long.
_NUMBER: Final = re.compile(r"[-+]?(\d++(\.\d*+)?+|\.\d++)([eE][-+]?\d++)?+")

_SHOWN: Final = 40
"""Classes that errors name, at most."""


def is_number(value: str) -> bool:
    """Whether a cell is a finite decimal number; words such as `nan` are none."""
    return _NUMBER.fullmatch(value) is not None and math.isfinite(float(value))


def sort_naturally(values: Iterable[str]) -> tuple[str, ...]:
    """Sort numbers by value, and words with the numbers inside them by value.

    Example:
        >>> sort_naturally({"10", "9", "-1"}), sort_naturally({"take 10", "take 9"})
        (('-1', '9', '10'), ('take 9', 'take 10'))
    """
    names = sorted(values)
    if all(map(is_number, names)):
        return tuple(sorted(names, key=float))
    return tuple(sorted(names, key=_natural_key))


def infer_kind(values: Iterable[str]) -> TaskKind:
    """Regression if every value is a number and any of them is not whole; classes otherwise.

    Example:
        >>> infer_kind(["1", "2.0"]), infer_kind(["1", "2.5"]), infer_kind(["1", "two"])
        ('classes', 'regression', 'classes')
    """
    fractional = False
    for value in values:
        if not is_number(value):
            return "classes"
        fractional = fractional or not float(value).is_integer()
    return "regression" if fractional else "classes"


def make_task(name: str, values: Iterable[str], kind: TaskKind | None = None) -> Task:
    """The task that a label column makes.

    Args:
        name: of the task.
        values: cells of the column, empty ones left out.
        kind: what the user says it is; inferred where None.

    Raises:
        DataError: if there are fewer than two classes, or a regression target is not a number.
    """
    names = set(values)
    if (kind or infer_kind(names)) == "regression":
        words = sorted(value for value in names if not is_number(value))
        if words:
            raise DataError(f"task {name!r} is a regression target, so labels must be numbers, but got {words[0]!r}.")
        return Task(name)
    if len(names) < 2:
        found = ", ".join(map(repr, names)) or "none"
        raise DataError(f"task {name!r} needs two or more classes in the source's training rows, but got {found}.")
    return Task(name, sort_naturally(names))


def encode_label(task: Task, value: str | None) -> int | float:
    """A label's class index, or its number for regression.

    Raises:
        DataError: if there is no label, or it is a class that the task does not have.

    Example:
        >>> encode_label(Task("label", ("cat", "dog")), "dog")
        1
    """
    if value is None:
        raise DataError("expected a label, but found an empty cell.")
    if task.classes is None:
        if not is_number(value):
            raise DataError(f"expected a number, but found {value!r}.")
        return float(value)
    if value not in task.classes:
        known = ", ".join(repr(name[:60]) for name in task.classes[:_SHOWN])
        others = f", ... ({len(task.classes):,} in all)" if len(task.classes) > _SHOWN else ""
        raise DataError(f"expected one of the source's classes {known}{others}, but found {value[:200]!r}.")
    return task.classes.index(value)


def _natural_key(value: str) -> tuple[tuple[int, int, str, str], ...]:
    return tuple(_part_key(part) for part in re.findall(r"\d+|\D+", value))


def _part_key(part: str) -> tuple[int, int, str, str]:
    """Of a number its length, then its digits: Python reads no whole number of thousands of them."""
    digits = part.lstrip("0")
    return (0, len(digits), digits, part) if part.isdecimal() else (1, 0, part, "")
