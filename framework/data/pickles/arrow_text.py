"""What stands for text that pandas keeps in arrays of Arrow, as its releases from 3 on do; pyarrow is not run."""

from types import MappingProxyType
from typing import Final

import attrs
import numpy as np

from ...errors import DataError
from .arrays import PickledArray, to_objects
from .budget import ELEMENT, spend

_OFFSETS: Final = MappingProxyType({"string": "<i4", "large_string": "<i8"})
"""Types of text, and of the numbers that say where each one begins."""


@attrs.frozen
class ArrowText:
    """Stands for an array of Arrow.

    Args:
        texts: None where there is none.
    """

    texts: tuple[str | None, ...]


def find_type(name: object) -> str:
    """Stands for `pyarrow.lib.type_for_alias`."""
    if not isinstance(name, str) or name not in _OFFSETS:
        raise DataError(f"a pickled array of Arrow must hold text, but holds {str(name)[:40]!r}: use its .csv.")
    return name


def read_bytes(content: object) -> bytes:
    """Stands for `pyarrow.lib.py_buffer`."""
    if not isinstance(content, bytes | bytearray):
        raise DataError("a pickled array of Arrow must have its content inside the pickle, but has not.")
    return bytes(content)


def restore_array(fields: object) -> ArrowText:
    """Stands for `pyarrow.lib._restore_array`."""
    match fields:
        case (
            str() as kind,
            int() as length,
            int(),
            int() as first,
            [None | bytes() as valid, bytes() as offsets, None | bytes() as content],
            *_,
        ) if kind in _OFFSETS and length >= 0 and first >= 0:
            return ArrowText(_split(content or b"", offsets, valid, slice(first, first + length), _OFFSETS[kind]))
        case _:
            raise DataError("a pickled array of Arrow must have a type, a length and content, but lacks one of them.")


def join_chunks(chunks: object, _kind: object = None) -> ArrowText:
    """Stands for `pyarrow.lib.chunked_array`."""
    match chunks:
        case list() | tuple() if all(isinstance(chunk, ArrowText) for chunk in chunks):
            spend(ELEMENT * sum(len(chunk.texts) for chunk in chunks))
            return ArrowText(tuple(text for chunk in chunks for text in chunk.texts))
        case _:
            raise DataError("a pickled array of Arrow must hold text, but holds something else: use its .csv.")


class ArrowStringArray(PickledArray):
    """Stands for `pandas.arrays.ArrowStringArray`."""

    def __setstate__(self, state: object) -> None:
        """Take the text."""
        match state:
            case {"_pa_array": ArrowText(texts=texts)} | {"_data": ArrowText(texts=texts)}:
                self.values = to_objects(texts, (len(texts),))
            case _:
                raise DataError("a pickled column of text must have content, but has none: use its .csv.")


def _split(content: bytes, offsets: bytes, valid: bytes | None, part: slice, number: str) -> tuple[str | None, ...]:
    ends = np.frombuffer(offsets[: len(offsets) // np.dtype(number).itemsize * np.dtype(number).itemsize], number)
    ends = ends[part.start : part.stop + 1]
    count = part.stop - part.start
    wrong = len(ends) != count + 1 or ends[0] < 0 or (ends[1:] < ends[:-1]).any() or ends[-1] > len(content)
    if count and (wrong or (valid is not None and 8 * len(valid) < part.stop)):
        raise DataError("a pickled array of Arrow must have a place for each text, but has none for some.")
    if not count:
        return ()
    there = (
        [True] * count
        if valid is None
        else np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[part].tolist()
    )
    spend(int(ends[-1] - ends[0]) + ELEMENT * count)
    places = ends.tolist()
    return tuple(
        content[start:end].decode() if is_there else None
        for start, end, is_there in zip(places[:-1], places[1:], there, strict=True)
    )
