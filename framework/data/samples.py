"""The rows of a table, preprocessed one by one or a batch at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .array_columns import ArrayColumn, PreparedRows, find_column
from .arrays import Arrays, Sample, stack
from .cell_contents import with_fitted_cells
from .corruptions.applying import check_rows, corrupt_prepared
from .label_encoding import encode_labels
from .preprocessing import Prepared, Preprocessing
from .problem import Problem
from .reading import read_modality
from .row import Row
from .schema import Schema
from .table import Table

if TYPE_CHECKING:
    from .prepared_cache import PreparedCells

CACHE_BYTES: Final = 512 * 2**20
"""How much preprocessed data a `Samples` keeps by default."""

_ENTRY_BYTES: Final = 512


class Samples:
    """The rows of a table, decoded and preprocessed when they are asked for.

    Args:
        table: the rows.
        schema: fitted on the source's training rows.
        labelled: whether samples carry labels. If not, no label is ever read: the rows forget theirs here.
        cache_bytes: samples are kept in memory until they take this much; what the table's `PreparedCache` maps takes
            next to nothing of it.
        unknown_classes: whether a row may have a class that the schema does not know, and is labelled
            `UNKNOWN_CLASS`: for reports alone, where the positions of all rows must stay.

    Raises:
        DataError: if a row has none of the schema's modalities or, where `labelled`, no label or one that the schema
            does not know, or a corruption that does not fit its modality. Files are read later, and every error about
            them names line, id, modality and cell.
    """

    def __init__(
        self,
        table: Table,
        schema: Schema,
        *,
        labelled: bool,
        cache_bytes: int = CACHE_BYTES,
        unknown_classes: bool = False,
    ) -> None:
        table = with_fitted_cells(table, schema.preprocessing)
        self.schema = schema
        self.labelled = labelled
        self._labels = encode_labels(table, schema.tasks, unknown_classes=unknown_classes) if labelled else None
        self.table = table if labelled else table.without_labels()
        for position in np.flatnonzero(~self._present.any(axis=1)).tolist():
            message = f"expected one of {', '.join(schema.modalities)}, but found none."
            raise DataError(str(_problem(table.rows[position], message)))
        check_rows(table, {name: preprocessing.kind for name, preprocessing in schema.preprocessing.items()})
        self.cache_bytes = cache_bytes
        self._cache: dict[int, dict[str, Prepared]] = {}
        self._free_bytes = cache_bytes

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the cache, which is not copied to other processes, and maps of files."""
        own = {name: value for name, value in vars(self).items() if name != "_kept"}
        return {**own, "_cache": {}, "_free_bytes": self.cache_bytes}

    def divided(self, parts: int) -> "Samples":
        """The same samples with nothing cached yet, for one of several processes that each may cache its part."""
        # Here, so that not each of them looks.
        _ = self._columns
        state = {**self.__getstate__(), "cache_bytes": self.cache_bytes // parts}
        twin = type(self).__new__(type(self))
        vars(twin).update({**state, "_free_bytes": state["cache_bytes"]})
        return twin

    def __len__(self) -> int:
        return len(self.table)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> list[Sample]: ...

    def __getitem__(self, index: int | slice) -> Sample | list[Sample]:
        """The sample at a position, or those of a slice.

        Raises:
            DataError: if one of its files is missing, cannot be decoded or does not fit the schema.
        """
        if isinstance(index, slice):
            return [self[position] for position in range(len(self))[index]]
        position = range(len(self))[index]
        row = self.table.rows[position]
        found = {**self._read_others(position, row), **self._read(row, self._columns)}
        prepared = {name: found[name] for name in self.schema.preprocessing}
        return Sample(
            id=row.id,
            domain=row.domain,
            index=position,
            inputs={name: one.values for name, one in prepared.items()},
            present=self._present[position].copy(),
            labels=self._label_of(position),
            lengths={name: one.length for name, one in prepared.items() if one.length is not None},
        )

    def batch(self, positions: Sequence[int]) -> Arrays:
        """The samples at some positions as one batch: `stack` of them, but what are rows of arrays is read at once.

        Raises:
            DataError: see `__getitem__`.
            ValueError: if there are no positions: nothing tells the shapes.
        """
        where = np.asarray(positions, dtype=np.int64)
        parts = self.schema.preprocessing
        gathered = {name: column.prepare(where, parts[name]) for name, column in self._columns.items()}
        if not len(where) or None in gathered.values():
            return stack([self[position] for position in positions])
        # A row is made for what is read by itself alone.
        others = [self._read_others(position) for position in where.tolist()] if self._others else []
        rows = self.table.take(where)
        prepared = {name: gathered.get(name) or _join(name, others) for name in parts}
        return Arrays(
            inputs={name: one.values for name, one in prepared.items()},
            present=self._present[where],
            labels=self._labels_at(where),
            ids=tuple(map(str, rows.field("id"))),
            domains=tuple(map(str, rows.field("domain"))),
            index=where,
            lengths={name: one.lengths for name, one in prepared.items() if one.lengths is not None},
        )

    @cached_property
    def _columns(self) -> dict[str, ArrayColumn]:
        """The modalities of which all samples are rows of arrays, which are gathered and not cached."""
        wanted = [name for name, preprocessing in self.schema.preprocessing.items() if preprocessing.prepares_rows]
        found = {name: find_column(self.table, name) for name in wanted}
        return {name: column for name, column in found.items() if column is not None}

    @cached_property
    def _others(self) -> list[str]:
        return [name for name in self.schema.preprocessing if name not in self._columns]

    @cached_property
    def _kept(self) -> "dict[str, PreparedCells]":
        """By modality, what the table's cache keeps."""
        if self.table.prepared is None:
            return {}
        found = {name: self.table.prepared.open(part) for name, part in self.schema.preprocessing.items()}
        return {name: cells for name, cells in found.items() if cells is not None}

    @cached_property
    def _present(self) -> NDArray[np.bool_]:
        return np.stack([self.table.present(name) for name in self.schema.modalities], axis=1)

    def _label_of(self, position: int) -> dict[str, int | float] | None:
        return (
            None if self._labels is None else {name: column[position].item() for name, column in self._labels.items()}
        )

    def _labels_at(self, where: NDArray[np.int64]) -> dict[str, NDArray[Any]] | None:
        if self._labels is None:
            return None
        types = {task.name: np.float32 if task.is_regression else np.int64 for task in self.schema.tasks}
        return {name: labels[where].astype(types[name]) for name, labels in self._labels.items()}

    def _read_others(self, position: int, row: Row | None = None) -> dict[str, Prepared]:
        """A sample's modalities that are no rows of arrays, from the cache if they are there."""
        if position in self._cache:
            return self._cache[position]
        prepared = self._read(row or self.table.rows[position], self._others)
        size = sum(_own_bytes(one.values) for one in prepared.values())
        if size <= self._free_bytes:
            self._cache[position] = prepared
            self._free_bytes -= size
        return prepared

    def _read(self, row: Row, modalities: Iterable[str]) -> dict[str, Prepared]:
        prepared: dict[str, Prepared] = {}
        for name in modalities:
            try:
                prepared[name] = self._prepare(row, name)
            except DataError as error:
                raise DataError(str(_problem(row, str(error), name))) from error
        return prepared

    def _prepare(self, row: Row, modality: str) -> Prepared:
        kept, preprocessing = self._kept.get(modality), self.schema.preprocessing[modality]
        key, found = (None, None) if kept is None else kept.find(self.table, row, modality)
        if found is not None:
            return found
        decoded = read_modality(self.table, row, modality)
        if decoded is None:
            return _absent(preprocessing)
        made = corrupt_prepared(preprocessing.prepare(decoded), preprocessing, row, modality)
        return made if kept is None or key is None else kept.keep(key, made)


def _own_bytes(values: NDArray[Any]) -> int:
    """What an array takes of memory; a piece of a mapped file takes what remembering it does."""
    return _ENTRY_BYTES if isinstance(values.base, np.memmap) else values.nbytes


def _absent(preprocessing: Preprocessing) -> Prepared:
    values = np.zeros(preprocessing.shape, preprocessing.dtype)
    return Prepared(values, None if preprocessing.time_axis is None else 1)


def _join(modality: str, samples: Sequence[Mapping[str, Prepared]]) -> PreparedRows:
    rows = [prepared[modality] for prepared in samples]
    lengths = [one.length for one in rows if one.length is not None]
    return PreparedRows(np.stack([one.values for one in rows]), np.array(lengths, dtype=np.int64) if lengths else None)


def _problem(row: Row, message: str, modality: str | None = None) -> Problem:
    return Problem(message, row.line, row.id, modality)
