"""A cell to decoded data: parse the reference, fetch the bytes, decode them."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ..errors import DataError
from ..files.bounded_file import describe_kind, read_bounded
from .decoding import Decoded, decode
from .decoding_limit import decoding_limit, raising_hint
from .reference import HDF5_SUFFIXES, Reference, parse_reference, shown

if TYPE_CHECKING:
    from .row import Row
    from .table import Table


def read_cell(cell: str, root: Path) -> Decoded:
    """Read the file, array row or archive member that a cell names.

    Args:
        cell: see `parse_reference`.
        root: folder that relative paths start from.

    Raises:
        DataError: if the cell is no reference, there is no such file, it cannot be decoded, or it would become too
            large; the message starts with the cell.
    """
    reference, name = parse_reference(cell), shown(cell)
    path = _find(root, reference.path)
    try:
        if not path.is_file():
            found = describe_kind(path.stat().st_mode) if path.exists() else "none"
            place = f"{shown(str(path))}{_hint(reference.path)}"
            raise DataError(f"{name}: expected a file, but found {found} at {place}.")
        return _read(reference, path, name)
    except OSError as error:
        raise DataError(f"{name}: expected a file that can be read, but found: {error.strerror or error}.") from error
    except MemoryError as error:
        raise DataError(f"{name}: expected a file that fits in memory, but found one that does not.") from error


def _find(root: Path, name: str) -> Path:
    """The file of that name, or one of the same name that is written otherwise."""
    # os.path, which says of any name whether it is a file's, and raises no error.
    path = os.path.join(root, name)  # noqa: PTH118
    if os.path.isfile(path):  # noqa: PTH113
        return Path(path)
    from .file_names import find_file

    return find_file(root, name)


def _hint(path: str) -> str:
    return ", as addresses of the internet are not fetched" if re.match(r"[a-z0-9]+://", path) else ""


def _read(reference: Reference, path: Path, name: str) -> Decoded:
    if reference.member is None:
        limit = decoding_limit()
        hint = f": {raising_hint(path.stat().st_size)}"
        return decode(read_bounded(path, limit, name=name, hint=hint), reference.suffix, name)
    try:
        if reference.is_array:
            return Decoded("array", _read_array(path, reference.member, reference.row), None, name)
        from .archives import read_member

        data = read_member(path, reference.member)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    return decode(data, reference.suffix, name)


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
