"""What a table is known by, wherever it lies: a built-in data set by its name, a file by what it holds."""

import hashlib
from pathlib import Path
from typing import Final

import attrs

from ..errors import DataError
from ..files.bounded_file import open_regular
from .builtin import builtin_names

_PIECE: Final = 2**20


@attrs.frozen
class TableIdentity:
    """What tells a table from others.

    Args:
        name: of a built-in data set, or of the file, without folder and ending; two files may have the same.
        digest: SHA-256 of the file; None of a built-in data set, which is its name.

    Example:
        >>> TableIdentity("kitchen", "0123456789abcdef").key, TableIdentity("wrist").key
        ('kitchen-0123456789ab', 'wrist')
    """

    name: str
    digest: str | None = None

    @property
    def key(self) -> str:
        """A name that no other table has, fit for a folder; the same wherever the file lies."""
        return self.name if self.digest is None else f"{self.name}-{self.digest[:12]}"


def identify_table(name_or_path: str) -> TableIdentity:
    """What a table is known by; of a file, its bytes, so that a copy is the same table and an edited one another.

    Args:
        name_or_path: see `open_table`.

    Raises:
        DataError: if there is no such file, or it cannot be read.

    Example:
        >>> identify_table("wrist")
        TableIdentity(name='wrist', digest=None)
    """
    if name_or_path in builtin_names():
        return TableIdentity(name_or_path)
    path = Path(name_or_path)
    with open_regular(path) as file:
        try:
            digest = hashlib.sha256()
            while piece := file.read(_PIECE):
                digest.update(piece)
        except OSError as error:
            raise DataError(f"{path}: expected a file that can be read, but found: {error.strerror}.") from error
    return TableIdentity(path.stem, digest.hexdigest())
