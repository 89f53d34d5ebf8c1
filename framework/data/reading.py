"""A cell to decoded data: parse the reference, fetch the bytes, decode them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..errors import DataError
from .decoding import Decoded, decode
from .reference import HDF5_SUFFIXES, Reference, parse_reference

if TYPE_CHECKING:
    from .table import Row, Table


def read_cell(cell: str, root: Path) -> Decoded:
    """Read the file, array row or archive member that a cell names.

    Args:
        cell: see `parse_reference`.
        root: folder that relative paths start from.

    Raises:
        DataError: if the cell is no reference, there is no such file, or it cannot be decoded; the message starts with
            the cell.
    """
    reference = parse_reference(cell)
    path = root / reference.path
    if not path.is_file():
        raise DataError(f"{cell}: expected a file, but found none at {path}.")
    try:
        return _read(reference, path, cell)
    except OSError as error:
        raise DataError(f"{cell}: expected a file that can be read, but found: {error.strerror}.") from error


def _read(reference: Reference, path: Path, cell: str) -> Decoded:
    if reference.member is None:
        return decode(path.read_bytes(), reference.suffix, cell)
    try:
        if reference.is_array:
            return Decoded("array", _read_array(path, reference.member, reference.row), None, cell)
        from .archives import read_member

        data = read_member(path, reference.member)
    except DataError as error:
        raise DataError(f"{cell}: {error}") from error
    return decode(data, reference.suffix, cell)


def _read_array(path: Path, key: str, row: int | None) -> NDArray[Any]:
    if path.suffix.lower() in HDF5_SUFFIXES:
        from . import hdf5

        return hdf5.read_array(path, key, row)
    from . import archives

    return archives.read_array(path, key, row)


def read_modality(table: "Table", row: "Row", modality: str) -> Decoded | None:
    """What a row has of a modality: inline text as it stands, what a path names, or None.

    Where the row says that the modality is corrupted, it is, as far as that is done to decoded files.

    Raises:
        DataError: see `read_cell`; or if the corruption does not fit the file.
    """
    cell = row.cells.get(modality)
    if cell is None:
        return None
    decoded = Decoded("text", cell, name=repr(cell)) if modality in table.text else read_cell(cell, table.root)
    if modality not in row.corruptions:
        return decoded
    from .corruptions.applying import corrupt_decoded

    return corrupt_decoded(decoded, row, modality)
