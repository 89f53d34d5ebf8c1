"""Validation rows for a source that has none of its own."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np

from ..errors import DataError
from .cell_columns import are_present
from .labels import is_number
from .schema_fitting import fit_tasks
from .table import Table

SHARE: Final = 0.15
"""Of the source's training rows that is kept for validation where nobody says how much."""


def divide_source(rows: Table, fraction: float = SHARE, seed: int = 0) -> tuple[Table, Table]:
    """The rows of a source to train on and to validate on: those of split `validation`, or carved from the others.

    Args:
        rows: of the source, of all splits.
        fraction: see `carve_validation`.
        seed: see `carve_validation`.

    Raises:
        DataError: if there is no split `train`, its labels make no task, or no row can be spared.
    """
    training = rows.select(split="train")
    # Where labels are no classes, each is the last row of one: what is wrong is better said than that.
    fit_tasks(training, {})
    if "validation" in rows.splits:
        return training, rows.select(split="validation")
    return carve_validation(training, fraction, seed)


_Stratum: TypeAlias = tuple[str, list[tuple[float, str]]]


def carve_validation(table: Table, fraction: float, seed: int) -> tuple[Table, Table]:
    """Split a source's training rows into rows to train on and rows to validate on.

    Where any row names a group, whole groups go to one part or the other, drawn at random as long as each brings the
    size closer to `fraction`. Otherwise the rows are drawn evenly over domains and classes (over sorted values for
    regression). Every class keeps a row to train on, but in tasks whose classes the table knows beforehand: where there
    are hundreds, each recording may hold the only row of some.

    Args:
        table: the source's training rows.
        fraction: of rows to validate on, between 0 and 1.
        seed: of the draw; the same seed gives the same rows.

    Returns:
        The rows to train on and those to validate on, neither empty, in the table's order.

    Raises:
        ValueError: if `fraction` is not between 0 and 1.
        DataError: if no row can be spared.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must be between 0 and 1, but got {fraction}.")
    generator = np.random.default_rng(seed)
    wanted = max(1, round(fraction * len(table)))
    grouped = bool(are_present(table.field("group")).any())
    chosen = _draw_groups(table, wanted, generator) if grouped else _draw_rows(table, wanted, generator)
    if not chosen:
        raise DataError(
            f"expected {'groups' if grouped else 'rows'} that can be spared for validation, but found that each "
            "holds the last training row of a class: give the table rows of split 'validation'."
        )
    spared = np.zeros(len(table), np.bool_)
    spared[list(chosen)] = True
    return table.where(~spared), table.where(spared)


def _draw_groups(table: Table, wanted: int, generator: np.random.Generator) -> set[int]:
    members: dict[str, list[int]] = {}
    for index, row in enumerate(table.rows):
        # The prefixes keep a row without a group apart from a group that is named by its id.
        members.setdefault(f"row {row.id}" if row.group is None else f"group {row.group}", []).append(index)
    groups = list(members.values())
    classes = _row_classes(table)
    left = Counter(label for labels in classes for label in labels)
    chosen: set[int] = set()
    for position in generator.permutation(len(groups)):
        group = groups[position]
        size = len(chosen) + len(group)
        taken = Counter(label for index in group for label in classes[index])
        closer = abs(size - wanted) < abs(len(chosen) - wanted)
        spared = size < len(table) and all(left[label] > count for label, count in taken.items())
        if spared and (closer or not chosen):
            chosen.update(group)
            left -= taken
    return chosen


def _draw_rows(table: Table, wanted: int, generator: np.random.Generator) -> set[int]:
    classes = _row_classes(table)
    kept: set[tuple[str, str]] = set()
    spare: list[int] = []
    for index in generator.permutation(len(table)).tolist():
        if classes[index] <= kept:
            spare.append(index)
        kept |= classes[index]
    strata = _find_strata(table)
    spare.sort(key=strata.__getitem__)
    count = min(wanted, len(spare), len(table) - 1)
    offset = int(generator.integers(max(len(spare), 1)))
    return {spare[(step * len(spare) + offset) // count] for step in range(count)}


def _row_classes(table: Table) -> list[frozenset[tuple[str, str]]]:
    """Task and class of each row that must keep a row; regression targets and missing labels left out."""
    tasks = [task for task in table.tasks if table.kind(task) == "classes" and task not in table.classes]
    # Each set once: a large table has few.
    known: dict[tuple[str | None, ...], frozenset[tuple[str, str]]] = {}

    def find(labels: tuple[str | None, ...]) -> frozenset[tuple[str, str]]:
        if labels not in known:
            pairs = zip(tasks, labels, strict=True)
            known[labels] = frozenset((task, label) for task, label in pairs if label is not None)
        return known[labels]

    return [find(labels) for labels in _zip_labels(table, tasks)]


def _find_strata(table: Table) -> list[_Stratum]:
    """Domain and labels of each row, as they are sorted."""
    known: dict[tuple[str | None, ...], _Stratum] = {}

    def find(domain: str, labels: tuple[str | None, ...]) -> _Stratum:
        key = (domain, *labels)
        if key not in known:
            words = [label or "" for label in labels]
            known[key] = domain, [(float(label) if is_number(label) else 0.0, label) for label in words]
        return known[key]

    rows = zip(table.field("domain"), _zip_labels(table, table.tasks), strict=True)
    return [find(str(domain), labels) for domain, labels in rows]


def _zip_labels(table: Table, tasks: Sequence[str]) -> Iterator[tuple[str | None, ...]]:
    return zip(*(table.labels(task) for task in tasks), strict=True) if tasks else iter([()] * len(table))
