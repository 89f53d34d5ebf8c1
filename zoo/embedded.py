"""Checkpoints that travel in the package, and so are there offline."""

from pathlib import Path
from typing import Final

from .registry_entry import RegistryEntry

FOLDER: Final = Path(__file__).with_name("checkpoints")
"""A folder for each. In a checkout the project's others lie there too; an installed package has the embedded alone."""


def embedded_folder(entry: RegistryEntry) -> Path | None:
    """Where a checkpoint lies beside this file; None if it does not travel in the package, nor is this a checkout."""
    folder = FOLDER / entry.name
    return folder if entry.embedded or folder.is_dir() else None
