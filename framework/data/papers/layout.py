"""What all readers here need: the folder of a data set, its annotations, and whether its files are there."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

import attrs

from ...errors import DataError
from ...files.bounded_file import read_bounded_text
from ..data_folder import VARIABLE, data_folder
from ..file_names import find_file, is_file
from ..problem import Problem
from ..records import read_delimited
from ..reference import parse_reference
from ..table import Table

Annotation: TypeAlias = tuple[int, dict[str, str]]
"""Number of the line, and cell by column; an empty cell is an empty string."""


@attrs.frozen
class DataSetFolder:
    """A folder that holds a data set as it is distributed.

    Args:
        title: what the data set is called.
        name: of the folder inside `$ACCLIMATE_DATA`.
        origin: address that the files come from.
    """

    title: str
    name: str
    origin: str

    @property
    def path(self) -> Path:
        """The folder; it need not exist."""
        return data_folder() / self.name

    def require(self, *names: str) -> Path:
        """The folder, after a look whether it holds these files and folders.

        Raises:
            DataError: if it is not there, or one of them is not. All that is missing is named, and where it comes from.
        """
        if not self.path.is_dir():
            raise DataError(
                f"{self.path}: expected the folder of {self.title}, but found none: set {VARIABLE} to the folder that "
                f"holds {self.name}/. {self._advice}"
            )
        missing = [name for name in names if not (self.path / name).exists()]
        if missing:
            raise DataError(
                f"{self.path}: expected {_shorten(names)}, but did not find {_shorten(missing)}. {self._advice}"
            )
        return self.path

    def require_one(self, *names: str) -> str:
        """The first of several names that the folder holds a file or folder of.

        Raises:
            DataError: if it holds none.
        """
        self.require()
        for name in names:
            if (self.path / name).exists():
                return name
        raise DataError(f"{self.path}: expected {' or '.join(names)}, but found neither. {self._advice}")

    @property
    def _advice(self) -> str:
        return f"The files come from {self.origin}; docs/datasets.md shows the layout."


def read_annotations(path: Path, columns: Sequence[str], delimiter: str = ",") -> list[Annotation]:
    """The lines of a delimited text file whose first line names its columns.

    Args:
        path: of the file, in UTF-8.
        columns: that must be there; others may be too.
        delimiter: between cells.

    Raises:
        DataError: if a column is missing, a line has another number of cells, or there is no line; it names the line.
    """
    names, records = read_delimited(path, delimiter)
    missing = [name for name in columns if name not in names]
    if missing:
        raise DataError(
            f"{path}: expected the columns {', '.join(columns)}, but did not find {', '.join(missing)} among "
            f"{', '.join(names) or 'nothing'}."
        )
    if not records:
        raise DataError(f"{path}: expected annotations below the header, but found none.")
    return [(line, {name: cell or "" for name, cell in record.items()}) for line, record in records]


def read_lines(path: Path) -> list[tuple[int, str]]:
    """Number and text of each line that is not empty.

    Raises:
        DataError: if the file cannot be read or is not UTF-8, or there is no line.
    """
    texts = read_bounded_text(path).splitlines()
    lines = [(line, text.strip()) for line, text in enumerate(texts, start=1) if text.strip()]
    if not lines:
        raise DataError(f"{path}: expected lines of text, but found none.")
    return lines


def check_files(table: Table, annotations: Path) -> Table:
    """The table as it is, after a look whether every file that its cells name is there; none is opened.

    Args:
        table: its rows' lines are those of the annotations.
        annotations: file that the rows come from, for the message.

    Raises:
        DataError: if one is missing; it names the first row that it is missing from, and how many there are.
    """
    found: dict[str, bool] = {}
    problems = []
    for row in table.rows:
        for modality in row.present:
            if modality in table.text:
                continue
            path = parse_reference(str(row.cells[modality])).path
            if path not in found:
                found[path] = is_file(find_file(table.root, path))
            if not found[path]:
                message = f"expected a file, but found none at {table.root / path}"
                problems.append(Problem(message, row.line, row.id, modality))
    if problems:
        others = f" (the first of {len(problems)} such cells)" if len(problems) > 1 else ""
        raise DataError(f"{annotations}, {problems[0]}{others}.")
    return table


def _shorten(names: Iterable[str], limit: int = 8) -> str:
    listed = list(names)
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more
