"""Where the data sets lie that the project may not carry."""

import os
from pathlib import Path
from typing import Final

from ...errors import DataError

VARIABLE: Final = "ACCLIMATE_DATA"
"""Environment variable that names the folder."""


def find_file(folder: str, name: str) -> Path:
    """A file of a shared data set.

    It is looked for in `$ACCLIMATE_DATA/<folder>`, or else in `../shared/data/<folder>` beside the current folder.

    Raises:
        DataError: if it is not there.
    """
    root = Path(os.environ.get(VARIABLE) or Path.cwd().parent / "shared" / "data")
    path = root / folder / name
    if not path.is_file():
        raise DataError(
            f"{path}: expected the data set's file, but found none: set {VARIABLE} to the folder that holds {folder}/."
        )
    return path.absolute()
