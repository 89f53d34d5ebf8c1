"""Labels that are more likely something else than what they would be taken for."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final

from .cell_columns import count_cells
from .doubt import Doubt
from .labels import infer_kind, is_number
from .table import Table

_MISSING: Final = frozenset({"#n/a", "-", "--", "?", "n/a", "n.a.", "na", "nan", "null"})
"""What other programs write where there is no value."""

_NUMBERS: Final = 0.8
"""Share of rows from which on a column of numbers is one in spite of the words in it."""

_ENOUGH: Final = 10
"""Rows below which nobody can tell whether there are too many classes."""


def find_label_doubts(table: Table, task: str) -> Iterator[Doubt]:
    """Doubts about a task's labels; none where the table knows all classes, or says that they are numbers.

    Args:
        table: the source's training rows. All labels are read.
        task: the label column.

    Example:
        >>> from acclimate.framework.data import Row
        >>> rows = [Row(0, label, "lab", "train", {"mood": label}, {}) for label in ("0,5", "1", "-1")]
        >>> [doubt.refused for doubt in find_label_doubts(Table(rows, ".", [], ["mood"]), "mood")]
        [True]
    """
    said = table.kinds.get(task)
    counts = count_cells(table.labels(task))
    if said == "regression" or task in table.classes or (said is None and infer_kind(counts) == "regression"):
        return
    found = [*_doubt_words(counts, task)] if said is None else []
    yield from found or _doubt_number(counts, task)
    yield from _doubt_missing(counts, task)
    twins = _twins(counts, lambda value: float(value) if is_number(value) else None)
    if twins:
        rule = "are one number, but would be two classes"
        yield Doubt(f"task {task!r}: {twins} {rule}: write them alike{_or_say(task)}", refused=said is None)
    if alike := _twins(counts, _key):
        yield Doubt(f"task {task!r}: {alike} differ in nothing but how they are written, but are two classes")


def _doubt_words(counts: Counter[str], task: str) -> Iterator[Doubt]:
    """Numbers that are none to us, because of a word among them or a comma in them."""
    rows, numbers = counts.total(), {value: _to_number(value) for value in counts}
    odd = [value for value, number in numbers.items() if number is None]
    strange = [value for value in counts if value not in odd and not is_number(value)]
    fractions = any(number is not None and not number.is_integer() for number in numbers.values())
    if strange and not odd and fractions:
        example, number = strange[0], numbers[strange[0]]
        yield Doubt(
            f"task {task!r}: labels such as {_show(example)} look like numbers in another notation, but would be "
            f"{len(counts)} classes: write {number}{_or_say(task)}",
            refused=True,
        )
        return
    like = rows - sum(counts[value] for value in odd)
    many = 2 * len(counts) > rows
    if odd and like >= _NUMBERS * rows and (fractions or (many and rows >= _ENOUGH)):
        example = next(value for value, number in numbers.items() if number is not None)
        yield Doubt(
            f"task {task!r}: {like} of {rows} labels are numbers, such as {_show(example)}, but {_show(odd[0])} is "
            f"none, so that each of {len(counts)} would be a class: leave out what is no number{_or_say(task)}",
            refused=many and rows >= _ENOUGH,
        )


def _doubt_number(counts: Counter[str], task: str) -> Iterator[Doubt]:
    """Nearly as many classes as rows."""
    rows = counts.total()
    if rows >= _ENOUGH and 2 * len(counts) > rows:
        single = sum(number == 1 for number in counts.values())
        advice = f"; say --task {task}=regression if they are numbers" if all(map(is_number, counts)) else ""
        yield Doubt(
            f"task {task!r}: {len(counts)} classes in {rows} training rows, {single} of them with one row, are names "
            f"of rows rather than of classes{advice}"
        )


def _doubt_missing(counts: Counter[str], task: str) -> Iterator[Doubt]:
    for value in counts:
        if value.casefold() in _MISSING:
            message = "reads as if there were no label, but is a class"
            yield Doubt(f"task {task!r}: {_show(value)} ({_rows(counts[value])}) {message}")


def _twins(counts: Mapping[str, int], key: Callable[[str], Hashable | None]) -> str | None:
    """The most frequent labels of one key, in words, if any key has several."""
    groups: dict[Hashable, list[str]] = {}
    for value in sorted(counts, key=lambda value: (-counts[value], value)):
        if (found := key(value)) is not None:
            groups.setdefault(found, []).append(value)
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return None
    first, second = (f"{_show(value)} ({_rows(counts[value])})" for value in several[0][:2])
    return f"{first} and {second}"


def _key(value: str) -> str | None:
    """What a reader sees: neither capitals, nor which spaces, nor marks that do not show; None of numbers."""
    visible = "".join(letter for letter in value if unicodedata.category(letter) != "Cf")
    return None if is_number(value) else " ".join(unicodedata.normalize("NFKC", visible).casefold().split())


def _to_number(value: str) -> float | None:
    """The number that a cell is in another notation: with a decimal comma, groups of digits, or a printed minus."""
    text = "".join(value.replace("\N{MINUS SIGN}", "-").split())
    # Whichever stands last is the decimal one.
    continental = text.rfind(",") > text.rfind(".")
    text = text.replace(".", "").replace(",", ".") if continental else text.replace(",", "")
    return float(text) if is_number(text) else None


def _or_say(task: str) -> str:
    return f", or say --task {task}=classes if they are names"


def _show(value: str) -> str:
    return repr(value if len(value) <= 40 else f"{value[:37]}...")


def _rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"
