"""What stands for numpy's arrays while a pickle is read.

numpy's own `ndarray.__setstate__` believes what a pickle says of memory, so it is never called here.
"""

import math
import re
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .budget import ELEMENT, spend

Order: TypeAlias = Literal["C", "F"]

_CODE: Final = re.compile(r"[biufc]\d+|[SU]\d+|O\d*|\?|M8")
"""Codes of numbers, text, objects and dates; others (records, spans of time, raw memory) are refused."""

_UNITS: Final = frozenset({"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns"})


class PickledDtype:
    """Stands for `numpy.dtype`.

    Args:
        code: such as `f4`.
        align: ignored.
        copy: ignored.

    Raises:
        DataError: if the type is of something else than numbers, text and objects.
    """

    def __init__(self, code: object, align: object = None, copy: object = None) -> None:
        if not isinstance(code, str) or _CODE.fullmatch(code) is None:
            raise DataError(f"a pickled array must hold numbers, text, dates or objects, but has the type {code!r}.")
        self.dtype: np.dtype[Any] = np.dtype(code)

    def __setstate__(self, state: object) -> None:
        """Take the byte order, and nothing else: the rest would only matter for records."""
        match state:
            case (int(), "<" | ">" | "|" | "=" as order, None, None, None, *_) if self.dtype.kind != "M":
                self.dtype = self.dtype.newbyteorder(order)
            case (int(), "<" | ">" | "=" as order, None, None, None, _, _, _, (_, (bytes() | str() as unit, 1, 1, 1))):
                self.dtype = np.dtype(f"M8[{_to_unit(unit)}]").newbyteorder(order)
            case _:
                raise DataError(f"a pickled array must hold plain values, but has the type {state!r}.")


class PickledArray:
    """Stands for `numpy.ndarray`; `values` is the array, whose objects may be stand-ins themselves."""

    values: NDArray[Any]

    def __setstate__(self, state: object) -> None:
        """Take shape, type and content."""
        match state:
            case (
                int(),
                tuple() as shape,
                PickledDtype(dtype=dtype),
                int() as fortran,
                bytes() | str() | list() as data,
            ):
                self.values = _fill(data, dtype, shape, "F" if fortran else "C")
            case _:
                raise DataError("a pickled array must have a shape, a type and content, but lacks one of them.")


def start_array(*_: object) -> PickledArray:
    """Stands for `numpy.core.multiarray._reconstruct`: the state follows."""
    return PickledArray()


def read_buffer(data: object, dtype: object, shape: object, order: object) -> PickledArray:
    """Stands for `numpy.core.numeric._frombuffer`."""
    if not (isinstance(data, bytes | bytearray) and isinstance(dtype, PickledDtype) and isinstance(shape, tuple)):
        raise DataError("a pickled array must have its content inside the pickle, but has not.")
    array = PickledArray()
    array.values = _fill(bytes(data), dtype.dtype, shape, "F" if order == "F" else "C")
    return array


def read_scalar(dtype: object, data: object = b"") -> object:
    """Stands for `numpy.core.multiarray.scalar`: a plain number or text."""
    if not (isinstance(dtype, PickledDtype) and isinstance(data, bytes | str)):
        raise DataError("a pickled number of numpy must have a type and content, but lacks one of them.")
    value: object = _fill(data, dtype.dtype, (1,), "C").item()
    return value


def encode_text(text: object, encoding: object = "latin1") -> bytes:
    """Stands for `_codecs.encode`, by which old pickles write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise DataError(f"a pickle must encode bytes as latin1, but names {encoding!r}.")
    return text.encode("latin1")


def _fill(data: bytes | str | list[Any], dtype: np.dtype[Any], shape: tuple[Any, ...], order: Order) -> NDArray[Any]:
    if not all(isinstance(length, int) and length >= 0 for length in shape):
        raise DataError(f"a pickled array must have a shape of whole numbers, but has {shape!r}.")
    count = math.prod(shape)
    if isinstance(data, list):
        if not dtype.hasobject or len(data) != count:
            raise DataError(f"a pickled array of shape {shape} must have {count} objects, but has {len(data)}.")
        return to_objects(data, shape, order)
    # Python 2 wrote bytes as text.
    content = data.encode("latin1") if isinstance(data, str) else data
    # Of text without letters any number would fit into no bytes.
    if dtype.hasobject or len(content) != count * dtype.itemsize or (count and not content):
        raise DataError(
            f"a pickled array of shape {shape} and type {dtype} must have {count * dtype.itemsize} bytes, "
            f"but has {len(content)}."
        )
    flat = np.frombuffer(content, dtype) if content else np.empty(count, dtype)
    if dtype.kind == "M":
        return to_objects(dates_to_text(flat), shape, order)
    return flat.reshape(shape, order=order)


def dates_to_text(dates: NDArray[Any]) -> list[str | None]:
    """Dates as `2020-01-31 04:05:06`, with a fraction of seconds where there is one; None where there is no date.

    Example:
        >>> dates_to_text(np.array(["2020-01-31T04:05:06.000", "NaT"], "M8[ms]"))
        ['2020-01-31 04:05:06', None]
    """
    # The text of a date takes more than its eight bytes.
    spend(4 * ELEMENT * len(dates))
    texts = np.datetime_as_string(dates).tolist()
    return [None if text == "NaT" else _shorten(text) for text in texts]


def look_up(labels: object, numbers: NDArray[Any]) -> list[object]:
    """What numbers stand for: the labels at these places, None for -1.

    Raises:
        DataError: if there are no labels, or none at one of the places.
    """
    if not isinstance(labels, Sequence) or numbers.dtype.kind != "i":
        raise DataError("pickled categories must have labels and their numbers, but lack one of them.")
    if numbers.size and not -1 <= numbers.min() <= numbers.max() < len(labels):
        raise DataError(f"a pickled column must name one of its {len(labels)} categories, but names another.")
    spend(ELEMENT * numbers.size)
    return [None if number < 0 else labels[number] for number in numbers.ravel().tolist()]


def to_objects(items: Sequence[object], shape: tuple[int, ...], order: Order = "C") -> NDArray[Any]:
    """An array of objects, of which numpy takes none for an array."""
    spend(ELEMENT * len(items))
    values = np.empty(len(items), dtype=object)
    for position, item in enumerate(items):
        values[position] = item
    return values.reshape(shape, order=order)


def _shorten(text: str) -> str:
    whole, point, fraction = text.replace("T", " ").partition(".")
    return f"{whole}.{fraction}" if point and fraction.strip("0") else whole


def _to_unit(unit: bytes | str) -> str:
    name = unit.decode("latin1") if isinstance(unit, bytes) else unit
    if name not in _UNITS:
        raise DataError(f"a pickled array of dates must count {', '.join(sorted(_UNITS))}, but counts {name[:20]!r}.")
    return name
