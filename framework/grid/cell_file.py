"""What a finished cell leaves behind."""

from pathlib import Path
from typing import Any, Final

from ..runs.run_folder import read_json

CELL_FILE: Final = "cell.json"
"""Is there when a cell is done, and not before."""


def read_cell(folder: Path) -> dict[str, Any]:
    """The cell.json of a finished cell.

    Raises:
        RunError: if it cannot be read.
    """
    return read_json(folder / CELL_FILE)
