"""Where a sample's modality comes from."""

import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..framework.data.decoding import Decoded
from ..framework.data.reading import read_cell
from ..framework.data.reference import is_reference, parse_reference
from ..framework.errors import DataError

Source: TypeAlias = str | os.PathLike[str] | NDArray[Any]
"""A path or text, as in a table's cell, or an array as such a file holds it; see `decode_source`."""


class Text(str):
    """A text itself, whatever it looks like.

    Example:
        >>> decode_source(Text("notes.txt"), takes_text=True).value
        'notes.txt'
    """

    __slots__ = ()


def decode_source(source: object, *, takes_text: bool = False) -> Decoded:
    """Read a path as a table's cell, and take an array as it is.

    A string for text is the text itself, as in a table, but for one that has the form of a path (`parse_reference`):
    that is read where the file is there, is the text where it has several words, and is refused where it has one. A
    `Path` is always a file, a `Text` never.

    Args:
        source: path or array.
        takes_text: whether text is expected.

    Raises:
        DataError: if it is neither, or the file cannot be read.

    Example:
        >>> decode_source("I deleted notes.txt", takes_text=True).value
        'I deleted notes.txt'
        >>> decode_source("notes.txt", takes_text=True)
        Traceback (most recent call last):
        acclimate.framework.errors.DataError: notes.txt: expected a file, but found none; ...
    """
    if isinstance(source, np.ndarray):
        return Decoded("array", source, name="array")
    if isinstance(source, Text) and not takes_text:
        raise DataError(f"expected a path or a numpy array, but got a text, {source[:60]!r}.")
    if takes_text and isinstance(source, str) and _is_text(source):
        return Decoded("text", str(source), name=repr(source))
    if isinstance(source, str | os.PathLike):
        return read_cell(os.fspath(source), Path())
    raise DataError(f"expected a path or a numpy array, but got {type(source).__name__}.")


def _is_text(source: str) -> bool:
    if isinstance(source, Text) or not is_reference(source):
        return True
    if _is_there(parse_reference(source).path):
        return False
    if len(source.split()) == 1:
        raise DataError(
            f"{source[:99]}: expected a file, but found none; a text of that form is given as Text(...), or by "
            "--input-text."
        )
    return True


def _is_there(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        # No file can have that name.
        return False
