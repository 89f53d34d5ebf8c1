"""The rows of a large table, each of which is made when it is asked for: what is kept are columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, SupportsIndex, overload

import attrs
import numpy as np
from numpy.typing import NDArray

from .cell_columns import CellColumn
from .row import Row

_PIECE: Final = 2**14
"""Rows that are made at a time, where all are gone over."""


@attrs.frozen(eq=False)
class ColumnarRows(Sequence[Row]):  # noqa: PLW1641 - rows hold dictionaries, which have no hash
    """A sequence of rows.

    Args:
        line: `(N,)`, of the file.
        id: of each row.
        domain: of each row.
        split: of each row.
        labels: by task; none where rows forget theirs.
        cells: by modality.
        group: of each row; None where no row has one.
        corruptions: by the modality that is corrupted.
    """

    line: NDArray[np.int64]
    id: CellColumn
    domain: CellColumn
    split: CellColumn
    labels: Mapping[str, CellColumn]
    cells: Mapping[str, CellColumn]
    group: CellColumn | None = None
    corruptions: Mapping[str, CellColumn] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self.line)

    @overload
    def __getitem__(self, index: SupportsIndex) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> "ColumnarRows": ...

    def __getitem__(self, index: SupportsIndex | slice) -> "Row | ColumnarRows":
        """A row, or those of a slice."""
        if isinstance(index, slice):
            return self.take(np.arange(len(self))[index])
        position = range(len(self))[index]
        (row,) = self._rows(position, position + 1)
        return row

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self), _PIECE):
            yield from self._rows(start, min(start + _PIECE, len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return NotImplemented
        return all(one == two for one, two in zip(self, other, strict=True))

    def take(self, positions: NDArray[np.int64]) -> "ColumnarRows":
        """The rows at some positions, in that order."""
        return ColumnarRows(
            self.line[positions],
            self.id.take(positions),
            self.domain.take(positions),
            self.split.take(positions),
            {name: column.take(positions) for name, column in self.labels.items()},
            {name: column.take(positions) for name, column in self.cells.items()},
            None if self.group is None else self.group.take(positions),
            {name: column.take(positions) for name, column in self.corruptions.items()},
        )

    def _rows(self, start: int, stop: int) -> Iterator[Row]:
        def texts(column: CellColumn) -> list[str | None]:
            return column.texts(start, stop)

        labels, cells = ([*zip(*map(texts, part.values()), strict=True)] for part in (self.labels, self.cells))
        tasks, modalities = tuple(self.labels), tuple(self.cells)
        corrupted = {name: texts(column) for name, column in self.corruptions.items()}
        parts = zip(
            self.line[start:stop].tolist(),
            texts(self.id),
            texts(self.domain),
            texts(self.split),
            labels or [()] * (stop - start),
            cells,
            [None] * (stop - start) if self.group is None else texts(self.group),
            strict=True,
        )
        for number, (line, id_, domain, split, label, cell, group) in enumerate(parts):
            found = {name: spoilt for name, column in corrupted.items() if (spoilt := column[number]) is not None}
            yield Row(
                line,
                id_ or "",
                domain or "",
                split or "",
                dict(zip(tasks, label, strict=True)),
                dict(zip(modalities, cell, strict=True)),
                group,
                **({"corruptions": found} if found else {}),
            )
