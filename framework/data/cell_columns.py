"""Columns of a table's cells, in little memory: a table of a million rows has as many of each."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, Self, SupportsIndex, overload

import attrs
import numpy as np
from numpy.typing import NDArray

_PIECE: Final = 2**14
"""Cells that are text at a time, where all are gone over."""


class CellColumn(Sequence[str | None]):
    """Cells, text or None where they are empty. None of them changes."""

    @abstractmethod
    def texts(self, start: int, stop: int) -> list[str | None]:
        """The cells from one position to before another."""

    @abstractmethod
    def take(self, positions: NDArray[np.int64]) -> Self:
        """Those at some positions, in that order, of which nothing is copied that is large."""

    @property
    @abstractmethod
    def present(self) -> NDArray[np.bool_]:
        """`(N,)`, which cells are not empty."""

    def counts(self) -> Counter[str]:
        """How often each text stands in it."""
        return Counter(cell for cell in self if cell is not None)

    def is_among(self, texts: Collection[str]) -> NDArray[np.bool_]:
        """`(N,)`, which cells are one of some texts."""
        return np.fromiter((cell in texts for cell in self), np.bool_, len(self))

    def examples(self) -> Iterator[tuple[str, int]]:
        """A cell of each form, with the number of cells that have it; empty ones are left out."""
        return ((cell, 1) for cell in self if cell is not None)

    @overload
    def __getitem__(self, index: SupportsIndex) -> str | None: ...

    @overload
    def __getitem__(self, index: slice) -> list[str | None]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> str | list[str | None] | None:
        """A cell, or those of a slice."""
        if isinstance(index, slice):
            positions = np.arange(len(self))[index]
            return self.take(positions).texts(0, len(positions))
        position = range(len(self))[index]
        return self.texts(position, position + 1)[0]

    def __iter__(self) -> Iterator[str | None]:
        for start in range(0, len(self), _PIECE):
            yield from self.texts(start, min(start + _PIECE, len(self)))


@attrs.frozen(eq=False)
class RepeatedCells(CellColumn):
    """Cells of which many are alike, such as the names of domains.

    Args:
        values: each text once.
        codes: `(N,)`, the position of each cell's text among `values`; -1 where it is empty.

    Example:
        >>> list(RepeatedCells(("lab", "street"), np.array([1, -1, 0, 1], np.int32)))
        ['street', None, 'lab', 'street']
    """

    values: tuple[str, ...]
    codes: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.codes)

    def texts(self, start: int, stop: int) -> list[str | None]:
        """The cells from one position to before another."""
        # The last is what -1 finds.
        values = (*self.values, None)
        return [values[code] for code in self.codes[start:stop].tolist()]

    def take(self, positions: NDArray[np.int64]) -> "RepeatedCells":
        """Those at some positions."""
        return RepeatedCells(self.values, self.codes[positions])

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which cells are not empty."""
        return self.codes >= 0

    def counts(self) -> Counter[str]:
        """How often each text stands in it."""
        codes, counts = np.unique(self.codes[self.present], return_counts=True)
        return Counter({self.values[code]: count for code, count in zip(codes.tolist(), counts.tolist(), strict=True)})

    def is_among(self, texts: Collection[str]) -> NDArray[np.bool_]:
        """Which cells are one of some texts."""
        return np.isin(self.codes, [code for code, value in enumerate(self.values) if value in texts])

    def examples(self) -> Iterator[tuple[str, int]]:
        """Each text, with the number of cells that are it."""
        return iter(self.counts().items())


@attrs.frozen(eq=False)
class NumberedCells(CellColumn):
    """Cells that name rows of arrays: a text that many share, and a number in brackets.

    Args:
        heads: each text before the brackets once.
        codes: `(N,)`, the position of each cell's head; -1 where it is empty.
        numbers: `(N,)`.

    Example:
        >>> list(NumberedCells(("d.npz:a",), np.array([0, -1], np.int32), np.array([17, 0])))
        ['d.npz:a[17]', None]
    """

    heads: tuple[str, ...]
    codes: NDArray[np.int32]
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)

    def texts(self, start: int, stop: int) -> list[str | None]:
        """The cells from one position to before another."""
        pairs = zip(self.codes[start:stop].tolist(), self.numbers[start:stop].tolist(), strict=True)
        return [None if code < 0 else f"{self.heads[code]}[{number}]" for code, number in pairs]

    def take(self, positions: NDArray[np.int64]) -> "NumberedCells":
        """Those at some positions."""
        return NumberedCells(self.heads, self.codes[positions], self.numbers[positions])

    def examples(self) -> Iterator[tuple[str, int]]:
        """The first row of each array, with the number of cells that name one of it."""
        codes, counts = np.unique(self.codes[self.present], return_counts=True)
        return ((f"{self.heads[code]}[0]", count) for code, count in zip(codes.tolist(), counts.tolist(), strict=True))

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which cells are not empty."""
        return self.codes >= 0


@attrs.frozen(eq=False)
class VariousCells(CellColumn):
    """Cells that have little in common, as one string of bytes in which each has its place.

    Args:
        content: UTF-8.
        starts: `(N,)`, where each cell begins.
        ends: `(N,)`, where it ends; before it begins, where it is empty.

    Example:
        >>> list(VariousCells(b"a.wavb.wav", np.array([5, 0, 0]), np.array([10, 5, -1])))
        ['b.wav', 'a.wav', None]
    """

    content: bytes
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def texts(self, start: int, stop: int) -> list[str | None]:
        """The cells from one position to before another."""
        content, places = (
            self.content,
            zip(self.starts[start:stop].tolist(), self.ends[start:stop].tolist(), strict=True),
        )
        return [None if end < begin else content[begin:end].decode() for begin, end in places]

    def take(self, positions: NDArray[np.int64]) -> "VariousCells":
        """Those at some positions."""
        return VariousCells(self.content, self.starts[positions], self.ends[positions])

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which cells are not empty."""
        return self.ends >= self.starts


def are_present(cells: Sequence[str | None]) -> NDArray[np.bool_]:
    """`(N,)`, which of some cells are not empty, in a column or a list."""
    if isinstance(cells, CellColumn):
        return cells.present
    return np.fromiter((cell is not None for cell in cells), np.bool_, len(cells))


def are_among(cells: Sequence[str | None], texts: Collection[str]) -> NDArray[np.bool_]:
    """`(N,)`, which of some cells are one of some texts, in a column or a list."""
    if isinstance(cells, CellColumn):
        return cells.is_among(texts)
    return np.fromiter((cell in texts for cell in cells), np.bool_, len(cells))


def count_cells(cells: Sequence[str | None]) -> Counter[str]:
    """How often each text stands in a column or a list."""
    return cells.counts() if isinstance(cells, CellColumn) else Counter(cell for cell in cells if cell is not None)


def find_examples(cells: Sequence[str | None]) -> Iterator[tuple[str, int]]:
    """A cell of each form, with the number of cells that have it, of a column or a list."""
    if isinstance(cells, CellColumn):
        return cells.examples()
    return ((cell, 1) for cell in cells if cell is not None)
