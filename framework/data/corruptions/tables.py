"""Tables whose rows say how they are corrupted; no file is copied."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

import attrs

from ...errors import DataError
from ..problem import Problem
from ..row import Row
from ..table import Table
from .base import Corruption
from .chain import parse_chain, write_chain
from .drawing import draw_key
from .plan import Plan, Step

Rows: TypeAlias = Literal["copy", "half", "all"]
"""What a new domain is made of: copies of another one's rows, a half of the rows themselves, or all of them."""


def corrupt_table(table: Table, plans: Sequence[Plan]) -> Table:
    """Corrupt every row of a table.

    Where a step corrupts a share of the rows, that is the share of each domain's split, rounded to whole rows; which
    rows it takes depends on seed, ids, modality and corruption alone.

    Args:
        table: its rows may be corrupted already, by other corruptions.
        plans: what is done to which modality.

    Raises:
        DataError: if there is no such modality, or a row would have one corruption twice.
    """
    for plan in plans:
        if plan.modality not in table.modalities:
            known = ", ".join(map(repr, table.modalities))
            raise DataError(f"a modality to corrupt must be one of {known}, but got {plan.modality!r}.")
    rows = list(table.rows)
    for plan in plans:
        for step in plan.steps:
            chosen = _choose(rows, plan.modality, step)
            rows = [_corrupt(row, plan.modality, step) if row.id in chosen else row for row in rows]
    return table.with_rows(rows)


def add_corrupted_domain(
    table: Table, domain: str, name: str, plans: Sequence[Plan], *, rows: Rows = "copy", seed: int = 0
) -> Table:
    """A table with a domain of corrupted rows of another.

    Every row keeps its labels, split and group, so that no test row turns into a training row.

    Args:
        table: that has the clean domain.
        domain: the clean domain.
        name: of the corrupted one.
        plans: what is done to which modality.
        rows: `copy`: all rows of the clean domain stay, and copies with the ids `<id>@<name>` are added. `half`: a
            random half of the clean domain's rows, of each split and in whole groups, moves to the new domain. `all`:
            all of them move; the name may then be the clean domain's own.
        seed: of the half.

    Raises:
        DataError: if a name is not known, or taken, or the clean domain has too few rows for two halves.
    """
    clean = table.select(domain)
    if name in table.domains and not (rows == "all" and name == domain):
        raise DataError(f"the new domain must have a name of its own, but {name!r} is in the table already.")
    if rows == "copy":
        copies = corrupt_table(table.with_rows(_copy(clean, name)), plans).rows
        taken = {row.id for row in table.rows}
        for row in copies:
            if row.id in taken:
                raise DataError(f"the new domain's rows must have ids of their own, but {row.id!r} is taken.")
        return table.with_rows([*table.rows, *copies])
    moving = _draw_half(clean, seed) if rows == "half" else {row.id for row in clean.rows}
    moved = [attrs.evolve(row, domain=name) for row in clean.rows if row.id in moving]
    corrupted = {row.id: row for row in corrupt_table(table.with_rows(moved), plans).rows}
    return table.with_rows(corrupted.get(row.id, row) for row in table.rows)


def _copy(table: Table, name: str) -> Iterator[Row]:
    return (attrs.evolve(row, id=f"{row.id}@{name}", domain=name) for row in table.rows)


def _choose(rows: Sequence[Row], modality: str, step: Step) -> set[str]:
    """Ids of the rows that a step corrupts: those whose keys come first, in each domain and split."""
    having = [row for row in rows if row.cells.get(modality) is not None]
    if step.share == 1:
        return {row.id for row in having}
    parts: dict[tuple[str, str], list[Row]] = {}
    for row in having:
        parts.setdefault((row.domain, row.split), []).append(row)
    seed, name = step.corruption.seed, step.corruption.name
    chosen: set[str] = set()
    for part in parts.values():
        part.sort(key=lambda row: draw_key(seed, row.id, modality, f"{name} share"))
        chosen.update(row.id for row in part[: round(step.share * len(part))])
    return chosen


def _corrupt(row: Row, modality: str, step: Step) -> Row:
    if step.corruption.stage == "table":
        return row if row.present == (modality,) else attrs.evolve(row, cells={**row.cells, modality: None})
    try:
        cell = _append(row.corruptions.get(modality), step.corruption)
    except DataError as error:
        raise DataError(str(Problem(str(error), row.line, row.id, modality))) from error
    return attrs.evolve(row, corruptions={**row.corruptions, modality: cell})


@lru_cache(maxsize=256)
def _append(cell: str | None, corruption: Corruption) -> str:
    """A cell with one more corruption; most rows have the same, and share it."""
    longer = write_chain((*(() if cell is None else parse_chain(cell)), corruption))
    parse_chain(longer)
    return longer


def _draw_half(table: Table, seed: int) -> set[str]:
    """Ids of half of the rows of each split, whole groups together."""
    moving: set[str] = set()
    for split in table.splits:
        members: dict[str, list[str]] = {}
        rows = [row for row in table.rows if row.split == split]
        for row in rows:
            members.setdefault(f"row {row.id}" if row.group is None else f"group {row.group}", []).append(row.id)
        count = 0
        for key in sorted(members, key=lambda key: draw_key(seed, key, "", "half")):
            added = len(members[key])
            if abs(2 * (count + added) - len(rows)) < abs(2 * count - len(rows)):
                moving.update(members[key])
                count += added
    if not 0 < len(moving) < len(table):
        raise DataError(
            f"a domain must have rows, or groups of rows, for two halves, but {table.domains[0]!r} has {len(table)} "
            "that stay together."
        )
    return moving
