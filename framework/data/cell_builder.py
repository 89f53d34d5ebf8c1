"""Makes a column of cells as they come, in the form that takes least memory."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from .cell_columns import CellColumn, NumberedCells, RepeatedCells, VariousCells

_DISTINCT: Final = 2**12
"""Texts of a column whose cells are taken for repeated ones, at most."""

_DIGITS: Final = 18
"""Of a number of 64 bits, whatever its digits are."""

_NEVER: Final = -1
"""The end of a cell that is empty, before all beginnings."""


class CellBuilder:
    """Takes the cells of one column, a piece at a time.

    They are taken for repeated texts first; where there are too many of those for rows of arrays, if all are; and else
    for texts that have nothing in common.

    Example:
        >>> builder = CellBuilder()
        >>> builder.add(["lab", "street"])
        >>> builder.add([None, "lab"])
        >>> list(builder.column())
        ['lab', 'street', None, 'lab']
    """

    def __init__(self) -> None:
        self._form: _Repeated | _Numbered | _Various = _Repeated()

    def add(self, cells: Sequence[str | None]) -> None:
        """Add cells at the end."""
        if self._form.add(cells):
            return
        so_far = [*self._form.column(), *cells]
        for form in (_Numbered(), _Various()):
            if form.add(so_far):
                self._form = form
                return

    def column(self) -> CellColumn:
        """All cells that were added."""
        return self._form.column()


def make_numbered(cells: Iterable[str | None]) -> NumberedCells | None:
    """A column of rows of arrays; None if any cell is something else."""
    form = _Numbered()
    return form.column() if form.add([*cells]) else None


class _Repeated:
    def __init__(self) -> None:
        self._codes: dict[str | None, int] = {None: -1}
        self._pieces = [np.zeros(0, np.int32)]

    def add(self, cells: Sequence[str | None]) -> bool:
        """Add them, if they are few."""
        codes = self._codes
        fresh = set(cells).difference(codes)
        if len(fresh) + len(codes) > _DISTINCT:
            return False
        # In the order in which they come: that of a set is another one in each process.
        for cell in dict.fromkeys(cells):
            codes.setdefault(cell, len(codes) - 1)
        self._pieces.append(np.fromiter((codes[cell] for cell in cells), np.int32, len(cells)))
        return True

    def column(self) -> RepeatedCells:
        values = tuple(cell for cell in self._codes if cell is not None)
        return RepeatedCells(values, np.concatenate(self._pieces))


class _Numbered:
    def __init__(self) -> None:
        self._heads: dict[str, int] = {}
        self._codes = [np.zeros(0, np.int32)]
        self._numbers = [np.zeros(0, np.int64)]

    def add(self, cells: Sequence[str | None]) -> bool:
        """Add them, if each is a number behind one of a few texts, as it would be written again."""
        heads = dict(self._heads)
        codes, numbers = np.full(len(cells), -1, np.int32), np.zeros(len(cells), np.int64)
        for position, cell in enumerate(cells):
            if cell is None:
                continue
            head, _, tail = cell.rpartition("[")
            digits = tail[:-1]
            plain = digits.isascii() and digits.isdigit() and (digits[0] != "0" or digits == "0")
            if not (plain and head and tail.endswith("]") and len(digits) <= _DIGITS):
                return False
            codes[position], numbers[position] = heads.setdefault(head, len(heads)), int(digits)
        if len(heads) > _DISTINCT:
            return False
        self._heads = heads
        self._codes.append(codes)
        self._numbers.append(numbers)
        return True

    def column(self) -> NumberedCells:
        return NumberedCells(tuple(self._heads), np.concatenate(self._codes), np.concatenate(self._numbers))


class _Various:
    def __init__(self) -> None:
        self._content: list[bytes] = []
        self._size = 0
        self._starts = [np.zeros(0, np.int64)]
        self._ends = [np.zeros(0, np.int64)]

    def add(self, cells: Sequence[str | None]) -> bool:
        """Add them."""
        encoded = [b"" if cell is None else cell.encode() for cell in cells]
        ends = self._size + np.cumsum([len(text) for text in encoded], dtype=np.int64)
        empty = np.fromiter((cell is None for cell in cells), np.bool_, len(cells))
        self._starts.append(np.concatenate([np.array([self._size], np.int64), ends[:-1]])[: len(cells)])
        self._ends.append(np.where(empty, _NEVER, ends))
        self._content.append(b"".join(encoded))
        self._size += len(self._content[-1])
        return True

    def column(self) -> VariousCells:
        return VariousCells(b"".join(self._content), np.concatenate(self._starts), np.concatenate(self._ends))
