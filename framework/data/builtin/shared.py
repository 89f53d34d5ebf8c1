"""Where the files of the shared data sets lie."""

from pathlib import Path

from ...errors import DataError
from ..data_folder import VARIABLE, data_folder


def find_file(folder: str, name: str) -> Path:
    """A file of a shared data set.

    It is looked for in `$ACCLIMATE_DATA/<folder>`, or else in `../shared/data/<folder>` beside the current folder.

    Raises:
        DataError: if it is not there.
    """
    path = data_folder() / folder / name
    if not path.is_file():
        raise DataError(
            f"{path}: expected the data set's file, but found none: set {VARIABLE} to the folder that holds {folder}/."
        )
    return path
