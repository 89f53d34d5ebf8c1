"""Checkpoints that travel in the package, and so are there offline. Imports no torch."""

from pathlib import Path
from typing import Final

from .registry_entry import RegistryEntry

FOLDER: Final = Path(__file__).with_name("checkpoints")
"""A folder for each. In a checkout the others of the project lie there too; an installed package has the embedded alone."""


def embedded_folder(entry: RegistryEntry) -> Path | None:
    """Where a checkpoint lies in the package; None if it does not travel in it."""
    return FOLDER / entry.name if entry.embedded else None
