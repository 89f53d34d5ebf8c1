"""What is wrong with rows of a table by themselves, whatever their files hold."""

from collections.abc import Collection

import numpy as np

from ..errors import DataError
from .cell_columns import CellColumn
from .columnar_rows import ColumnarRows
from .columns import REQUIRED
from .corruptions.chain import parse_chain
from .problem import Problem


def find_faults(rows: ColumnarRows) -> dict[int, Problem]:
    """The first fault of each row that has one, by the row's position: all columns are gone over once."""
    faults: dict[int, Problem] = {}

    def note(position: int, message: str, modality: str | None = None) -> None:
        faults.setdefault(position, Problem(message, int(rows.line[position]), rows.id[position], modality))

    for name, column in zip(REQUIRED, (rows.id, rows.domain, rows.split), strict=True):
        for position in np.flatnonzero(~column.present).tolist():
            message = f"expected a cell in column {name!r}, but found it empty."
            note(position, message)
    for position, first in _find_repeated(rows.id).items():
        message = f"expected an id of its own, but found it in line {rows.line[first]} too."
        note(position, message)
    nothing = ~np.any([column.present for column in rows.cells.values()], axis=0)
    for position in np.flatnonzero(nothing).tolist():
        message = f"expected at least one of {_list(rows.cells)}, but found no modality."
        note(position, message)
    again = rows.domain.is_among((REQUIRED[1],)) & rows.split.is_among((REQUIRED[2],))
    for position in np.flatnonzero(again).tolist():
        message = "expected a sample, but found the header once more: were files put together?"
        note(position, message)
    for modality, column in rows.corruptions.items():
        for position, message in _find_unknown_corruptions(column):
            note(position, message, modality)
    return faults


def _list(names: Collection[str]) -> str:
    return f"{', '.join(list(names)[:10])}{', ...' if len(names) > 10 else ''}"


def _find_repeated(ids: CellColumn) -> dict[int, int]:
    """Positions of cells that stood before, each with that of the first like it."""
    hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
    values, counts = np.unique(hashes, return_counts=True)
    # Two texts may have one hash, so the texts themselves decide.
    suspects = np.flatnonzero(np.isin(hashes, values[counts > 1]) & ids.present)
    first: dict[str | None, int] = {}
    found = ((position, first.setdefault(ids[position], position)) for position in suspects.tolist())
    return {position: before for position, before in found if before != position}


def _find_unknown_corruptions(column: CellColumn) -> list[tuple[int, str]]:
    messages: dict[str, str] = {}
    for text in column.counts():
        try:
            parse_chain(text)
        except DataError as error:
            messages[text] = str(error)
    if not messages:
        return []
    return [(position, messages[cell]) for position, cell in enumerate(column) if cell is not None and cell in messages]
