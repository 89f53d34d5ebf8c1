"""A table of files: one row a sample, one column a modality."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from ..errors import DataError
from .labels import TaskKind, infer_kind
from .reference import holds_text

LABEL: Final = "label"
"""Column of the one task of most tables, and the prefix of the columns of several."""

_SHOWN_NAMES: Final = 40
_SHOWN_LETTERS: Final = 100
"""What errors show of names, at most: where each row has one of its own, there are as many as rows."""

_NOTHING: Final[Mapping[str, str]] = {}


def _nothing() -> Mapping[str, str]:
    """The same for all rows: a table may have many."""
    return _NOTHING


@attrs.frozen
class Row:
    """One sample.

    Args:
        line: of its file, to find it again; the header of a CSV file is line 1.
        id: unlike any other row's.
        domain: where it comes from.
        split: usually `train`, `validation` or `test`.
        labels: cell by task; None where it is empty.
        cells: cell by modality; None where the sample lacks the modality.
        group: rows of one group (a person, a recording) stay together when validation rows are carved out.
        corruptions: what spoils its modalities on purpose when they are read, by modality; see `parse_chain`.
    """

    line: int
    id: str
    domain: str
    split: str
    labels: Mapping[str, str | None]
    cells: Mapping[str, str | None]
    group: str | None = None
    corruptions: Mapping[str, str] = attrs.field(factory=_nothing)

    @property
    def present(self) -> tuple[str, ...]:
        """The modalities that the sample has, sorted."""
        return tuple(sorted(name for name, cell in self.cells.items() if cell is not None))


def _to_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(rows)


def _to_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _to_sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _to_set(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


def _infer_text(table: "Table") -> frozenset[str]:
    return frozenset(name for name in table.modalities if holds_text(row.cells.get(name) for row in table.rows))


@attrs.frozen
class Table:
    """Rows, and what their columns mean.

    Args:
        rows: the samples, in order.
        root: folder that relative paths in cells start from.
        modalities: names of the columns that hold data, kept sorted.
        tasks: names of the tasks: `label` is the column `label`, `verb` the column `label.verb`.
        text: modalities whose cells are inline text instead of paths. Where not given, a column is text if fewer than
            half of its cells, empty ones apart, have the form of a path that can be read (see `parse_reference`).
            Decided once for a whole table, then kept by `select`.
        kinds: what a task is, by name, where `infer_kind` would guess wrong; kept by `select`.
        classes: all classes of a task, by its name, where the source's training rows may lack some; kept by `select`.

    Raises:
        DataError: if `kinds` or `classes` names a task that is not there.
    """

    rows: tuple[Row, ...] = attrs.field(converter=_to_rows)
    root: Path = attrs.field(converter=Path)
    modalities: tuple[str, ...] = attrs.field(converter=_to_sorted_names)
    tasks: tuple[str, ...] = attrs.field(converter=_to_names)
    text: frozenset[str] = attrs.field(
        default=attrs.Factory(_infer_text, takes_self=True), converter=_to_set, kw_only=True
    )

    kinds: Mapping[str, TaskKind] = attrs.field(factory=dict, kw_only=True)
    classes: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, kw_only=True)

    @kinds.validator
    @classes.validator
    def _check_tasks(self, _: object, value: Mapping[str, object]) -> None:
        for name in value:
            if name not in self.tasks:
                raise DataError(f"task must be one of {_list(self.tasks)}, but got {name!r}.")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def domains(self) -> tuple[str, ...]:
        """Names of the domains, sorted."""
        return tuple(sorted({row.domain for row in self.rows}))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, sorted."""
        return tuple(sorted({row.split for row in self.rows}))

    def kind(self, task: str) -> TaskKind:
        """Whether a task has classes or is a regression target: as `kinds` or `classes` says, else as labels look."""
        if task in self.kinds:
            return self.kinds[task]
        if task in self.classes:
            return "classes"
        return infer_kind(cell for row in self.rows if (cell := row.labels[task]) is not None)

    def with_kinds(self, kinds: Mapping[str, TaskKind]) -> "Table":
        """The same rows, with tasks whose kind is known."""
        return attrs.evolve(self, kinds={**self.kinds, **kinds})

    def with_rows(self, rows: Iterable[Row]) -> "Table":
        """The same columns with other rows."""
        return attrs.evolve(self, rows=tuple(rows))

    def select(self, domains: Sequence[str] | str | None = None, split: str | None = None) -> "Table":
        """The rows of some domains and of one split.

        Args:
            domains: one name or several; None means all.
            split: None means all.

        Raises:
            DataError: if there is no such domain, or no such split in these domains.
        """
        # Once: there may be as many domains as rows.
        known = self.domains
        wanted = (domains,) if isinstance(domains, str) else known if domains is None else tuple(domains)
        names = frozenset(wanted)
        if unknown := names.difference(known):
            raise DataError(f"domain must be one of {_list(known)}, but got {min(unknown, key=wanted.index)!r}.")
        chosen = self.with_rows(row for row in self.rows if row.domain in names)
        if split is None:
            return chosen
        if split not in chosen.splits:
            raise DataError(f"split of {_list(wanted)} must be one of {_list(chosen.splits)}, but got {split!r}.")
        return self.with_rows(row for row in chosen.rows if row.split == split)


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:_SHOWN_LETTERS]) for name in names[:_SHOWN_NAMES]) or "none"
    return shown if len(names) <= _SHOWN_NAMES else f"{shown}, ... ({len(names):,} in all)"
