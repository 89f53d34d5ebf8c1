"""Where the data sets lie that the project may not carry."""

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "ACCLIMATE_DATA"
"""Environment variable that names the folder."""


def data_folder() -> Path:
    """`$ACCLIMATE_DATA`, or else `../shared/data` beside the current folder; it need not exist."""
    return Path(os.environ.get(VARIABLE) or Path.cwd().parent / "shared" / "data").absolute()
