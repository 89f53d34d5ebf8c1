"""An unpickler that knows what data are made of, and nothing else."""

import io
import pickle
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .arrays import PickledArray, PickledDtype, encode_text, read_buffer, read_scalar, start_array
from .flattening import ENDLESS
from .frame import INDEX, Block, BlockManager, Frame, Index

_FAULTS: Final = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What damaged pickles, and hostile ones, make Python's unpickler raise."""


_FACTORY: Final = object()
"""Stands for types that pickles name as what a default dictionary is filled with, and never call."""


def _start_dict(content: Iterable[tuple[Any, Any]] = ()) -> dict[Any, Any]:
    """Stands for OrderedDict, whose content may come with it."""
    return dict(content)


def _start_default_dict(*_: object) -> dict[Any, Any]:
    return {}


def _copy_bytes(content: object = b"", *_: object) -> bytes:
    """Stands for bytes and bytearray, which given a number would take that much memory."""
    return content.encode("latin1") if isinstance(content, str) else b"".join([cast("bytes", content)])


def _with_modules(names: Mapping[str, object], *modules: str) -> dict[tuple[str, str], object]:
    return {(module, name): value for module in modules for name, value in names.items()}


_KNOWN: Final[Mapping[tuple[str, str], object]] = MappingProxyType(
    {
        **_with_modules(
            {
                "bytearray": _copy_bytes,
                "bytes": _copy_bytes,
                "complex": complex,
                "frozenset": frozenset,
                "set": set,
                "slice": slice,
                **dict.fromkeys(("bool", "dict", "float", "int", "list", "str", "tuple"), _FACTORY),
            },
            "builtins",
            "__builtin__",
        ),
        **_with_modules({"OrderedDict": _start_dict, "defaultdict": _start_default_dict}, "collections"),
        **_with_modules({"encode": encode_text}, "_codecs"),
        **_with_modules({"ndarray": PickledArray, "dtype": PickledDtype}, "numpy"),
        **_with_modules(
            {"_reconstruct": start_array, "scalar": read_scalar}, "numpy.core.multiarray", "numpy._core.multiarray"
        ),
        **_with_modules({"_frombuffer": read_buffer}, "numpy.core.numeric", "numpy._core.numeric"),
        **_with_modules({"DataFrame": Frame}, "pandas", "pandas.core.frame"),
        **_with_modules({"BlockManager": BlockManager}, "pandas.core.internals", "pandas.core.internals.managers"),
        **_with_modules({"_unpickle_block": Block.of}, "pandas._libs.internals"),
        **_with_modules({"_new_Index": Index.of, "Index": INDEX}, "pandas.core.indexes.base", "pandas.indexes.base"),
        **_with_modules({"Index": INDEX, "RangeIndex": INDEX}, "pandas"),
        **_with_modules({"RangeIndex": INDEX}, "pandas.core.indexes.range", "pandas.indexes.range"),
        **_with_modules(
            {"Int64Index": INDEX, "Float64Index": INDEX}, "pandas.core.indexes.numeric", "pandas.indexes.numeric"
        ),
    }
)


class _DataUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> object:
        if (module_name, global_name) not in _KNOWN:
            raise DataError(
                "a pickle may hold numbers, text, lists, dictionaries, arrays of numpy and data frames of pandas, "
                f"but names {module_name}.{global_name}: take the .csv or .npz instead, if there is one."
            )
        return _KNOWN[module_name, global_name]


def unpickle(stream: io.BufferedIOBase) -> object:
    """Read a pickle without running anything that it names.

    Returns:
        Numbers, text, bytes, lists, tuples, sets, dictionaries (ordered and default ones as plain ones), arrays, and a
        `Frame` for each data frame.

    Raises:
        DataError: if it names something else, or is damaged.
    """
    try:
        # Text of Python 2 may be bytes, which latin1 keeps as they are.
        return _resolve(_DataUnpickler(stream, encoding="latin1").load())
    except DataError:
        raise
    except RecursionError:
        raise DataError(ENDLESS) from None
    except _FAULTS as error:
        words = " ".join(str(error).split())
        raise DataError(f"expected a pickle of data, but found: {type(error).__name__}: {words}") from error


def _resolve(value: object) -> object:
    """A value, with arrays for what stood for them."""
    resolved = value
    match value:
        case PickledArray(values=values):
            resolved = _resolve_array(values)
        case dict():
            resolved = {key: _resolve(item) for key, item in value.items()}
        case list():
            resolved = [_resolve(item) for item in value]
        case tuple():
            resolved = tuple(_resolve(item) for item in value)
        case Frame():
            value.columns = {name: _resolve_array(column) for name, column in value.columns.items()}
        case None | bool() | int() | float() | complex() | str() | bytes() | bytearray() | set() | frozenset():
            pass
        case _:
            raise DataError(f"a pickle must hold data, but holds a bare {type(value).__name__}.")
    return resolved


def _resolve_array(values: NDArray[Any]) -> NDArray[Any]:
    if not values.dtype.hasobject:
        return values
    resolved = np.empty(values.size, dtype=object)
    for position, item in enumerate(values.ravel()):
        resolved[position] = _resolve(item)
    return resolved.reshape(values.shape)
