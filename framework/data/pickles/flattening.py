"""Arrays with names from whatever a pickle holds, as a .npz needs them."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .budget import ARRAY, ELEMENT, spend
from .frame import Frame

ROOT: Final = "data"
"""Name of an array that has no other."""

ENDLESS: Final = "expected data, but found lists in lists without an end."


def flatten(value: object) -> dict[str, NDArray[Any]]:
    """Arrays of numbers or text by name; keys of dictionaries in dictionaries are joined by `/`.

    A list of numbers, or of words, is one array; so is one of arrays that are alike, stacked. A list of dictionaries
    with the same keys is an array by key. What else a list holds gets its position for a name.

    Raises:
        DataError: if there is something that is no array, two arrays have the same name, or lists have no end.

    Example:
        >>> arrays = flatten({"ids": ["a", "b"], "features": {"rgb": [np.zeros(3), np.ones(3)]}})
        >>> {name: array.shape for name, array in arrays.items()}
        {'ids': (2,), 'features/rgb': (2, 3)}
    """
    try:
        arrays = list(_walk(value, ""))
    except RecursionError:
        raise DataError(ENDLESS) from None
    found: dict[str, NDArray[Any]] = {}
    for name, array in arrays:
        key = name or ROOT
        if key in found or not key.isprintable() or {"", ".", ".."} & set(key.split("/")) or set("[]\\") & set(key):
            raise DataError(f"expected names of arrays that differ and can be written, but found {key!r}.")
        found[key] = array
    return found


def _walk(value: object, name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    match value:
        case Frame():
            yield from _walk(dict(value.columns), name)
            if not value.index.counted:
                for label, column in value.index.columns.items():
                    yield from _walk(list(column), _join(name, label))
        case dict():
            spend(ELEMENT * len(value))
            for key, item in value.items():
                yield from _walk(item, _join(name, key))
        case np.ndarray() if not value.dtype.hasobject:
            spend(value.nbytes)
            yield name, value.astype(value.dtype.newbyteorder("="), copy=False)
        case np.ndarray() | list() | tuple():
            yield from _walk_list(list(value), name)
        case bool() | int() | float() | complex() | str():
            yield name, _to_array(value, name)
        case _:
            raise DataError(f"{name or ROOT}: expected numbers, text or arrays, but found {type(value).__name__}.")


def _walk_list(items: list[Any], name: str) -> Iterator[tuple[str, NDArray[Any]]]:
    spend(ARRAY + ELEMENT * len(items))
    if all(isinstance(item, str) for item in items) or all(isinstance(item, int | float | complex) for item in items):
        yield name, _to_array(items, name)
    elif all(isinstance(item, dict) and item.keys() == items[0].keys() for item in items):
        for key in items[0]:
            yield from _walk([item[key] for item in items], _join(name, key))
    elif (stacked := _stack(items)) is not None:
        yield name, stacked
    else:
        for position, item in enumerate(items):
            yield from _walk(item, _join(name, position))


def _stack(items: list[Any]) -> NDArray[Any] | None:
    """Arrays, or lists of numbers, that are alike, as one array."""
    spend(sum(item.nbytes if isinstance(item, np.ndarray) else ELEMENT * len(item) for item in items if _is_long(item)))
    arrays = [np.array(item) if _is_list_of_numbers(item) else item for item in items]
    if not all(isinstance(array, np.ndarray) and not array.dtype.hasobject for array in arrays):
        return None
    alike = {(array.shape, array.dtype.kind) for array in arrays}
    return np.stack(arrays) if len(alike) == 1 else None


def _is_long(item: object) -> bool:
    return isinstance(item, np.ndarray | list | tuple)


def _is_list_of_numbers(item: object) -> bool:
    return isinstance(item, list | tuple) and all(isinstance(value, int | float | complex) for value in item)


def _to_array(value: object, name: str) -> NDArray[Any]:
    if isinstance(value, list) and value and isinstance(value[0], str):
        # An array of text has for each as much room as for the longest.
        spend(4 * len(value) * max(map(len, value)))
    array = np.array(value)
    if array.dtype.hasobject:
        raise DataError(f"{name or ROOT}: expected numbers of 64 bits, but found larger ones.")
    return array


def _join(name: str, key: object) -> str:
    if not isinstance(key, str | int):
        raise DataError(f"{name or ROOT}: expected keys of text or whole numbers, but found {key!r}.")
    return f"{name}/{key}" if name else str(key)
