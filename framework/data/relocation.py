"""Tables written to another folder than that of their files."""

from pathlib import Path

import attrs

from ..errors import DataError
from .file_names import find_file
from .reference import parse_reference
from .row import Row
from .table import Table


def relocate(table: Table, folder: Path) -> Table:
    """The same table with cells that are right in another folder.

    Files inside that folder are named relative to it, so that it can be moved as a whole; others by absolute paths.

    Args:
        table: its files stay where they are.
        folder: that the table is to be written to.
    """
    folder = folder.absolute()
    if folder == table.root:
        return table
    return attrs.evolve(
        table,
        root=folder,
        rows=[attrs.evolve(row, cells=_relocate_cells(row, table, folder)) for row in table.rows],
        text=table.text,
    )


def _relocate_cells(row: Row, table: Table, folder: Path) -> dict[str, str | None]:
    return {
        name: cell if cell is None or name in table.text else _relocate_cell(cell, table.root, folder)
        for name, cell in row.cells.items()
    }


def _relocate_cell(cell: str, root: Path, folder: Path) -> str:
    try:
        path = parse_reference(cell).path
    except DataError:
        # Whoever reads the row says what is wrong with it.
        return cell
    found = find_file(root, path).absolute()
    named = found.relative_to(folder) if found.is_relative_to(folder) else found
    return f"{named}{cell.removeprefix(path)}"
