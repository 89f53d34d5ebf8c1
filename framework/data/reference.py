"""What a cell of a modality's column names: a file, a row of an array in a .npz or HDF5 file, or a member of a .zip."""

import re
from collections.abc import Iterable
from posixpath import splitext
from typing import Final

import attrs

from ..errors import DataError

SUFFIXES: Final = (".flac", ".jpeg", ".jpg", ".npy", ".png", ".txt", ".wav")
"""Files that can be read, by the end of their names in small letters."""

HDF5_SUFFIXES: Final = (".h5", ".hdf5")
"""Files of named arrays that need h5py, by the end of their names in small letters."""

_ARRAY: Final = re.compile(r"(?P<path>.+\.(?:npz|h5|hdf5)):(?P<member>[^\[\]]+)(?:\[(?P<row>\d+)\])?", re.IGNORECASE)
_MEMBER: Final = re.compile(r"(?P<path>.+?\.zip)!(?P<member>.+)", re.IGNORECASE)


@attrs.frozen
class Reference:
    """Where a sample's data lie.

    Args:
        path: of the file or archive, relative to the table's folder, or absolute.
        member: key of a .npz or HDF5 file, or name inside a .zip; None for a plain file.
        row: index along the first axis of the array that the key names; None for the whole array.
    """

    path: str
    member: str | None = None
    row: int | None = None

    @property
    def is_array(self) -> bool:
        """Whether it points into a .npz or HDF5 file."""
        return self.path.lower().endswith((".npz", *HDF5_SUFFIXES))

    @property
    def suffix(self) -> str:
        """End of the name of the file that is decoded, in small letters."""
        return splitext(self.member or self.path)[1].lower()


def parse_reference(cell: str) -> Reference:
    """Read a cell as `file.wav`, `archive.zip!member.wav`, `archive.npz:key` or `archive.npz:key[row]`.

    `.h5` and `.hdf5` may stand where `.npz` does; a key may have groups in it, `features/rgb`.

    Raises:
        DataError: if it is none of these.

    Example:
        >>> parse_reference("wrist.npz:gyroscope[17]")
        Reference(path='wrist.npz', member='gyroscope', row=17)
        >>> parse_reference("speech.zip!0/george.wav").suffix
        '.wav'
    """
    if found := _ARRAY.fullmatch(cell):
        row = found["row"]
        return Reference(found["path"], found["member"], None if row is None else int(row))
    found = _MEMBER.fullmatch(cell)
    reference = Reference(found["path"], found["member"]) if found else Reference(cell)
    if reference.suffix not in SUFFIXES:
        raise DataError(
            f"{cell}: expected a file that ends in {', '.join(SUFFIXES)}, `archive.zip!member` or "
            f"`archive.npz:key[row]`, but found {reference.suffix or 'no such ending'}."
        )
    return reference


def is_reference(cell: str) -> bool:
    """Whether a cell has the form of a reference; the file need not exist."""
    try:
        parse_reference(cell)
    except DataError:
        return False
    return True


def holds_text(cells: Iterable[str | None]) -> bool:
    """Whether a column holds inline text: fewer than half of its cells, empty ones apart, have the form of a reference.

    Example:
        >>> holds_text(["a.wav", None, "b.wav"]), holds_text(["a fine day", "see notes.txt", "no"])
        (False, True)
    """
    forms = [is_reference(cell) for cell in cells if cell is not None]
    return 2 * sum(forms) < len(forms)
