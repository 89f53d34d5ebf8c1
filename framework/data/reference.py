"""What a cell of a modality's column names: a file, a row of an array in a .npz or HDF5 file, or a member of a .zip."""

import re
from collections.abc import Iterable
from posixpath import splitext
from typing import Final

import attrs

from ..errors import DataError

SUFFIXES: Final = (
    ".flac",
    ".jpeg",
    ".jpg",
    ".mp3",
    ".npy",
    ".ogg",
    ".png",
    ".tif",
    ".tiff",
    ".txt",
    ".wav",
    ".webp",
)
"""Files that can be read, by the end of their names in small letters."""

HDF5_SUFFIXES: Final = (".h5", ".hdf5")
"""Files of named arrays that need h5py, by the end of their names in small letters."""

_ARRAY: Final = re.compile(r"(?P<path>.+\.(?:npz|h5|hdf5)):(?P<member>[^\[\]]+)(?:\[(?P<row>\d+)\])?", re.IGNORECASE)
_MEMBER: Final = re.compile(r"(?P<path>.+?\.zip)!(?P<member>.+)", re.IGNORECASE)
_SLICE: Final = re.compile(r".+\.(?:npz|h5|hdf5)(?::[^\[\]]*)?\[[^\[\]]*\]|.+\.npy\[[^\[\]]*\]", re.IGNORECASE)
_SHOWN: Final = 200
"""Characters of a cell that errors show at most."""

_LONGEST: Final = 4096
"""Characters of a path, at most; no pattern looks through a longer cell, as it may have to from each place in it."""

_MAX_ROW: Final = 100
"""Digits of the number of a row, which no array has; Python does not read thousands of them."""


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
        return _suffix(self.member or self.path)


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
    if len(cell) > _LONGEST:
        raise DataError(
            f"{shown(cell)}: expected a file by a path of at most {_LONGEST:,} characters, but found {len(cell):,}."
        )
    found = _ARRAY.fullmatch(cell)
    if found and len(found["row"] or "") <= _MAX_ROW:
        row = found["row"]
        return Reference(found["path"], found["member"], None if row is None else int(row))
    found = _MEMBER.fullmatch(cell)
    reference = Reference(found["path"], found["member"]) if found else Reference(cell)
    if reference.suffix not in SUFFIXES:
        # Late: artefacts are given what can be read.
        from .other_files import advice

        other = "a slice" if _SLICE.fullmatch(cell) else reference.suffix or "no such ending"
        raise DataError(
            f"{shown(cell)}: expected a file that ends in {', '.join(SUFFIXES)}, `archive.zip!member` or "
            f"`archive.npz:key[row]`, but found {other}{advice(other)}."
        )
    return reference


def is_reference(cell: str) -> bool:
    """Whether a cell has the form of a reference; the file need not exist."""
    try:
        parse_reference(cell)
    except DataError:
        return False
    return True


def looks_like_file(cell: str) -> bool:
    """Whether a cell has the form of a reference, or of one to what cannot be read: a film, a slice of an array.

    Example:
        >>> [looks_like_file(cell) for cell in ("a.wav", "clips/a.mp4", "a.npz:key[0:35]", "It ended at 3.")]
        [True, True, True, False]
    """
    if len(cell) > _LONGEST:
        return False
    if is_reference(cell) or _SLICE.fullmatch(cell) is not None:
        return True
    from .other_files import advice

    return bool(advice(_suffix(cell)))


def holds_text(cells: Iterable[tuple[str, int]]) -> bool:
    """Whether a column holds inline text: fewer than half of its cells, empty ones apart, look like files.

    Args:
        cells: each with the number of cells that are like it.

    Example:
        >>> holds_text([("a.wav", 2)]), holds_text([("a fine day", 1), ("see notes.txt", 1), ("no", 3)])
        (False, True)
    """
    forms = [(count, count if looks_like_file(cell) else 0) for cell, count in cells]
    return 2 * sum(files for _, files in forms) < sum(count for count, _ in forms)


def shown(cell: str) -> str:
    """A cell as errors show it: not all of it, if it is a long text."""
    return cell if len(cell) <= 2 * _SHOWN else f"{cell[:_SHOWN]}... ({len(cell)} characters)"


def _suffix(path: str) -> str:
    return splitext(path)[1].lower()
