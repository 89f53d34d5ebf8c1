"""A table of files: one row a sample, one column a modality."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .cell_columns import CellColumn, are_among, are_present, count_cells, find_examples
from .columnar_rows import ColumnarRows
from .labels import TaskKind, infer_kind
from .reference import holds_text
from .row import Row

if TYPE_CHECKING:
    from .prepared_cache import PreparedCache

LABEL: Final = "label"
"""Column of the one task of most tables, and the prefix of the columns of several."""

_SHOWN_NAMES: Final = 40
_SHOWN_LETTERS: Final = 100
"""What errors show of names, at most: where each row has one of its own, there are as many as rows."""


def _to_rows(rows: Iterable[Row]) -> Sequence[Row]:
    return rows if isinstance(rows, ColumnarRows) else tuple(rows)


def _to_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


def _to_sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _to_set(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


def _infer_text(table: "Table") -> frozenset[str]:
    return frozenset(name for name in table.modalities if holds_text(find_examples(table.column(name))))


@attrs.frozen
class Table:
    """Rows, and what their columns mean.

    Args:
        rows: the samples, in order; those of a file are made when they are asked for, see `ColumnarRows`.
        root: folder that relative paths in cells start from.
        modalities: names of the columns that hold data, kept sorted.
        tasks: names of the tasks: `label` is the column `label`, `verb` the column `label.verb`.
        text: modalities whose cells are inline text instead of paths. Where not given, a column is text if fewer than
            half of its cells, empty ones apart, have the form of a path that can be read (see `parse_reference`).
            Decided once for a whole table, then kept by `select`.
        kinds: what a task is, by name, where `infer_kind` would guess wrong; kept by `select`.
        classes: all classes of a task, by its name, where the source's training rows may lack some; kept by `select`.
        prepared: where what is made of its files is kept for other runs; kept by `select`, and no result depends on it.

    Raises:
        DataError: if `kinds` or `classes` names a task that is not there.
    """

    rows: Sequence[Row] = attrs.field(converter=_to_rows)
    root: Path = attrs.field(converter=Path)
    modalities: tuple[str, ...] = attrs.field(converter=_to_sorted_names)
    tasks: tuple[str, ...] = attrs.field(converter=_to_names)
    text: frozenset[str] = attrs.field(
        default=attrs.Factory(_infer_text, takes_self=True), converter=_to_set, kw_only=True
    )

    kinds: Mapping[str, TaskKind] = attrs.field(factory=dict, kw_only=True)
    classes: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict, kw_only=True)
    prepared: "PreparedCache | None" = attrs.field(default=None, kw_only=True, eq=False, repr=False)

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
        return tuple(sorted(count_cells(self.field("domain"))))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, sorted."""
        return tuple(sorted(count_cells(self.field("split"))))

    def field(self, name: Literal["id", "domain", "split", "group"]) -> Sequence[str | None]:
        """What all rows have in one of their fields."""
        if not isinstance(self.rows, ColumnarRows):
            return [getattr(row, name) for row in self.rows]
        column: CellColumn | None = getattr(self.rows, name)
        return [None] * len(self) if column is None else column

    def column(self, modality: str) -> Sequence[str | None]:
        """The cells of a modality, None where a row lacks it."""
        if isinstance(self.rows, ColumnarRows):
            return self.rows.cells[modality] if modality in self.rows.cells else [None] * len(self)
        return [row.cells.get(modality) for row in self.rows]

    def labels(self, task: str) -> Sequence[str | None]:
        """The cells of a task, None where they are empty or were forgotten."""
        if not isinstance(self.rows, ColumnarRows):
            return [row.labels.get(task) for row in self.rows]
        return self.rows.labels[task] if task in self.rows.labels else [None] * len(self)

    def present(self, modality: str) -> NDArray[np.bool_]:
        """`(N,)`, which rows have a modality."""
        return are_present(self.column(modality))

    @property
    def is_corrupted(self) -> bool:
        """Whether a modality of any row is spoilt on purpose."""
        if isinstance(self.rows, ColumnarRows):
            return any(column.present.any() for column in self.rows.corruptions.values())
        return any(row.corruptions for row in self.rows)

    def kind(self, task: str) -> TaskKind:
        """Whether a task has classes or is a regression target: as `kinds` or `classes` says, else as labels look."""
        if task in self.kinds:
            return self.kinds[task]
        if task in self.classes:
            return "classes"
        return infer_kind(count_cells(self.labels(task)))

    def with_kinds(self, kinds: Mapping[str, TaskKind]) -> "Table":
        """The same rows, with tasks whose kind is known."""
        return attrs.evolve(self, kinds={**self.kinds, **kinds})

    def with_prepared(self, cache: "PreparedCache | None") -> "Table":
        """The same rows; what is made of their files is kept."""
        return attrs.evolve(self, prepared=cache)

    def with_rows(self, rows: Iterable[Row]) -> "Table":
        """The same columns with other rows."""
        return attrs.evolve(self, rows=rows)

    def take(self, positions: Sequence[int] | NDArray[np.int64]) -> "Table":
        """The rows at some positions, in that order."""
        if isinstance(self.rows, ColumnarRows):
            return self.with_rows(self.rows.take(np.asarray(positions, dtype=np.int64)))
        return self.with_rows([self.rows[position] for position in positions])

    def where(self, chosen: NDArray[np.bool_]) -> "Table":
        """The rows of which `chosen`, `(N,)`, says that they stay."""
        return self.take(np.flatnonzero(chosen))

    def without_labels(self) -> "Table":
        """The same rows, which have forgotten their labels."""
        if isinstance(self.rows, ColumnarRows):
            return self.with_rows(attrs.evolve(self.rows, labels={}))
        return self.with_rows(attrs.evolve(row, labels={}) for row in self.rows)

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
        chosen = self.where(are_among(self.field("domain"), names))
        if split is None:
            return chosen
        if split not in chosen.splits:
            raise DataError(f"split of {_list(wanted)} must be one of {_list(chosen.splits)}, but got {split!r}.")
        return chosen.where(are_among(chosen.field("split"), (split,)))


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:_SHOWN_LETTERS]) for name in names[:_SHOWN_NAMES]) or "none"
    return shown if len(names) <= _SHOWN_NAMES else f"{shown}, ... ({len(names):,} in all)"
