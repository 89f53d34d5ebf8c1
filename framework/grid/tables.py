"""The tables of a grid: each is what it holds, wherever it lies and however its path is spelt."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ..errors import RunError
from .cell import data_name, file_name
from .cell_file import CELL_FILE, read_cell

_ROOMS: Final = ("cells", "search")


@attrs.frozen
class GridTable:
    """A table, or a built-in data set.

    Args:
        digest: SHA-256 of the file; None of a built-in data set.
        path: where it was when it was added; the name of a built-in data set.
    """

    digest: str | None
    path: str

    @classmethod
    def of(cls, data: str, digest: str | None) -> "GridTable":
        """The table that a command names."""
        return cls(digest, data if digest is None else str(Path(data).absolute()))

    def is_same(self, other: "GridTable") -> bool:
        """Whether both hold the same."""
        return self.digest == other.digest and (self.digest is not None or self.path == other.path)

    def is_changed(self, other: "GridTable") -> bool:
        """Whether both are one file, which held something else before."""
        files = None not in {self.digest, other.digest} and self.digest != other.digest
        return files and os.path.realpath(self.path) == os.path.realpath(other.path)


def read_tables(out: Path, content: Mapping[str, Any]) -> dict[str, GridTable]:
    """The tables of a grid by the names of their folders.

    Args:
        out: folder of the grid.
        content: of its grid.json; where that is from before it named tables, their finished cells tell.

    Raises:
        RunError: if it, or a cell, is damaged.
    """
    if "tables" in content:
        try:
            return {name: GridTable(**found) for name, found in content["tables"].items()}
        except (AttributeError, TypeError) as error:
            raise RunError(f"{out}: the tables of grid.json cannot be read: {error}") from error
    files = sorted(file for room in _ROOMS for file in (out / room).glob(f"*/**/{CELL_FILE}"))
    found: dict[str, GridTable] = {}
    for file in files:
        settings = read_cell(file.parent).get("settings", {})
        name = file.relative_to(out).parts[1]
        found.setdefault(name, GridTable(settings.get("digest"), str(settings.get("data", name))))
    return found


def name_table(table: GridTable, known: Mapping[str, GridTable], out: Path) -> str:
    """What the folder of a table is called: the name that it has in the grid, else one of its own.

    Raises:
        RunError: if the file was another one when it was added.

    Example:
        >>> known = {"rooms": GridTable("0" * 64, "/a/rooms.csv")}
        >>> name_table(GridTable("0" * 64, "/b/rooms.csv"), known, Path("out"))
        'rooms'
        >>> name_table(GridTable("1" * 64, "/b/rooms.csv"), known, Path("out"))
        'rooms-111111111111'
    """
    for name, other in known.items():
        if table.is_same(other):
            return name
    for other in known.values():
        if table.is_changed(other):
            raise RunError(
                f"{out} was started with digest: {str(other.digest)[:12]} of {table.path}, but is to be resumed with "
                f"{str(table.digest)[:12]}: give another folder, or the table as it was"
            )
    name = file_name(data_name(table.path))
    if name.casefold() in {other.casefold() for other in known}:
        name = f"{name}-{'builtin' if table.digest is None else table.digest[:12]}"
    return name
