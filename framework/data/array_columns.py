"""Columns whose cells are rows of arrays, such as `d.npz:a[17]`: looked up once, and read as one gather a batch."""

from pathlib import Path
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from . import archives
from .cell_builder import make_numbered
from .cell_columns import NumberedCells
from .decoding_limit import check_decoded_size
from .file_names import find_file
from .preprocessing import Preprocessing
from .reference import HDF5_SUFFIXES, parse_reference
from .table import Table


@attrs.frozen(eq=False)
class PreparedRows:
    """Samples of one modality, prepared.

    Args:
        values: `(B, ...)`, zero where the modality is absent.
        lengths: `(B,)`, how many steps are a sample's own, 1 where it is absent; None where there is no such axis.
    """

    values: NDArray[Any]
    lengths: NDArray[np.int64] | None


@attrs.frozen(eq=False)
class ArrayColumn:
    """Where the rows of one modality lie.

    Args:
        arrays: file and key of each array that a cell names.
        array: `(N,)`, which of them a row's cell names; -1 where the row lacks the modality.
        row: `(N,)`, the row of that array.
    """

    arrays: tuple[tuple[Path, str], ...]
    array: NDArray[np.int32]
    row: NDArray[np.int64]

    def prepare(self, positions: NDArray[np.int64], preprocessing: Preprocessing) -> PreparedRows | None:
        """The samples at some positions.

        Returns:
            None where they must be read one by one: this kind of input knows no other way, or something is wrong with
            one of them, which an error can then say.
        """
        values = np.zeros((len(positions), *preprocessing.shape), preprocessing.dtype)
        lengths = np.ones(len(positions), np.int64)
        wanted, rows = self.array[positions], self.row[positions]
        for number in np.unique(wanted[wanted >= 0]).tolist():
            mine = wanted == number
            found = self._gather(number, rows[mine])
            prepared = None if found is None else preprocessing.prepare_rows(found)
            if prepared is None:
                return None
            values[mine] = prepared.values
            lengths[mine] = 1 if prepared.length is None else prepared.length
        return PreparedRows(values, None if preprocessing.time_axis is None else lengths)

    def _gather(self, number: int, rows: NDArray[np.int64]) -> NDArray[Any] | None:
        path, key = self.arrays[number]
        try:
            found = archives.open_array(path, key)
            check_decoded_size(found[:1].nbytes if found.ndim else 0, "", "a row")
        except (DataError, OSError):
            return None
        if found.ndim == 0 or rows.max() >= len(found):
            return None
        gathered: NDArray[Any] = found[rows]
        return gathered


def find_column(table: Table, modality: str) -> ArrayColumn | None:
    """The column of a modality; None where any cell is something else than a row of an array in a .npz.

    Cells that are spoilt on purpose are read one by one, as what spoils them may draw by the row.
    """
    if modality in table.text or table.is_corrupted:
        return None
    cells = table.column(modality)
    found = cells if isinstance(cells, NumberedCells) else make_numbered(cells)
    if found is None:
        return None
    arrays: list[tuple[Path, str]] = []
    for head in found.heads:
        array = _find_array(f"{head}[0]", table.root)
        if array is None:
            return None
        arrays.append(array)
    return ArrayColumn(tuple(arrays), found.codes, found.numbers)


def _find_array(cell: str, root: Path) -> tuple[Path, str] | None:
    try:
        reference = parse_reference(cell)
    except DataError:
        return None
    if reference.member is None or reference.row is None or not reference.is_array:
        return None
    path = find_file(root, reference.path)
    return None if path.suffix.lower() in HDF5_SUFFIXES else (path, reference.member)
