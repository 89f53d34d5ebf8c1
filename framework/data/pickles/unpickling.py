"""An unpickler that knows what data are made of, and nothing else."""

import io
import pickle
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MappingProxyType
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .arrays import PickledArray, PickledDtype, encode_text, read_buffer, read_scalar, start_array
from .arrow_text import ArrowStringArray, find_type, join_chunks, read_bytes, restore_array
from .budget import budget, spend
from .extension import Categorical, Categories, Inert, Masked, Plain, read_timestamp, start_extension
from .flattening import ENDLESS
from .frame import INDEX, Block, BlockManager, Frame, Index, SingleBlockManager
from .nesting import check_nesting

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


_FREQUENCIES: Final = "pandas._libs.tslibs.offsets"
"""Module of all frequencies that an index of dates may have."""

_FACTORY: Final = object()
"""Stands for types that pickles name as what a default dictionary is filled with, and never call."""


def _start_dict(content: Iterable[tuple[Any, Any]] = ()) -> dict[Any, Any]:
    """Stands for OrderedDict, whose content may come with it."""
    return dict(content)


def _start_default_dict(*_: object) -> dict[Any, Any]:
    return {}


def _copy_bytes(content: object = b"", *_: object) -> bytes:
    """Stands for bytes and bytearray, which given a number would take that much memory."""
    copied = content.encode("latin1") if isinstance(content, str) else b"".join([cast("bytes", content)])
    spend(len(copied))
    return copied


def _no_date(*_: object) -> None:
    """Stands for pandas' `NaT`, a date that is not there."""


class _Call:
    """A function that can be called and not changed, as a pickle may change the attributes of whatever it names."""

    __slots__ = ("_function",)

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function

    def __call__(self, *arguments: object) -> object:
        return self._function(*arguments)

    def __setstate__(self, state: object) -> None:
        raise DataError("a pickle may set the state of data, but sets that of a function.")


def _with_modules(names: Mapping[str, object], *modules: str) -> dict[tuple[str, str], object]:
    known = {name: _Call(value) if isinstance(value, FunctionType) else value for name, value in names.items()}
    return {(module, name): value for module in modules for name, value in known.items()}


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
        **_with_modules({"Series": Frame}, "pandas", "pandas.core.series"),
        **_with_modules(
            {"BlockManager": BlockManager, "SingleBlockManager": SingleBlockManager},
            "pandas.core.internals",
            "pandas.core.internals.managers",
        ),
        **_with_modules({"_unpickle_block": Block.of}, "pandas._libs.internals"),
        **_with_modules({"_new_Index": Index.of, "Index": INDEX}, "pandas.core.indexes.base", "pandas.indexes.base"),
        **_with_modules({"_new_DatetimeIndex": Index.of, "DatetimeIndex": INDEX}, "pandas.core.indexes.datetimes"),
        **_with_modules(
            dict.fromkeys(("CategoricalIndex", "DatetimeIndex", "Index", "MultiIndex", "RangeIndex"), INDEX), "pandas"
        ),
        **_with_modules({"CategoricalIndex": INDEX}, "pandas.core.indexes.category", "pandas.indexes.category"),
        **_with_modules({"MultiIndex": INDEX}, "pandas.core.indexes.multi", "pandas.indexes.multi"),
        **_with_modules({"RangeIndex": INDEX}, "pandas.core.indexes.range", "pandas.indexes.range"),
        **_with_modules(
            {"Int64Index": INDEX, "UInt64Index": INDEX, "Float64Index": INDEX},
            "pandas.core.indexes.numeric",
            "pandas.indexes.numeric",
        ),
        **_with_modules({"Categorical": Categorical}, "pandas", "pandas.core.arrays.categorical"),
        **_with_modules({"CategoricalDtype": Categories}, "pandas", "pandas.core.dtypes.dtypes"),
        **_with_modules({"DatetimeArray": Plain}, "pandas.arrays", "pandas.core.arrays.datetimes"),
        **_with_modules({"StringArray": Plain, "StringDtype": Inert}, "pandas.arrays", "pandas.core.arrays.string_"),
        **_with_modules({"StringDtype": Inert}, "pandas"),
        **_with_modules(
            {"IntegerArray": Masked, "FloatingArray": Masked, "BooleanArray": Masked},
            "pandas.arrays",
            "pandas.core.arrays.integer",
            "pandas.core.arrays.floating",
            "pandas.core.arrays.boolean",
        ),
        **_with_modules(
            dict.fromkeys(
                [f"{sign}Int{bits}Dtype" for sign in ("", "U") for bits in (8, 16, 32, 64)]
                + ["Float32Dtype", "Float64Dtype", "BooleanDtype"],
                Inert,
            ),
            "pandas",
            "pandas.core.arrays.integer",
            "pandas.core.arrays.floating",
            "pandas.core.arrays.boolean",
        ),
        **_with_modules({"__pyx_unpickle_NDArrayBacked": start_extension}, "pandas._libs.arrays"),
        **_with_modules({"ArrowStringArray": ArrowStringArray}, "pandas.arrays", "pandas.core.arrays.string_arrow"),
        **_with_modules(
            {
                "_restore_array": restore_array,
                "chunked_array": join_chunks,
                "py_buffer": read_bytes,
                "type_for_alias": find_type,
            },
            "pyarrow.lib",
        ),
        **_with_modules({"NA": None}, "pandas", "pandas._libs.missing"),
        **_with_modules({"_nat_unpickle": _no_date, "__nat_unpickle": _no_date}, "pandas._libs.tslibs.nattype"),
        **_with_modules({"_unpickle_timestamp": read_timestamp}, "pandas._libs.tslibs.timestamps"),
    }
)


class _DataUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> object:
        if module_name == _FREQUENCIES:
            return Inert
        if (module_name, global_name) not in _KNOWN:
            raise DataError(
                "a pickle may hold numbers, text, lists, dictionaries, arrays of numpy and data frames of pandas, "
                f"but names {_show(f'{module_name}.{global_name}')}: take the .csv or .npz instead, if there is one."
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
        check_nesting(stream)
        with budget(_size(stream)):
            # Text of Python 2 may be bytes, which latin1 keeps as they are.
            return _resolve(_DataUnpickler(stream, encoding="latin1").load(), {})
    except DataError:
        raise
    except RecursionError:
        raise DataError(ENDLESS) from None
    except _FAULTS as error:
        words = " ".join(str(error).split())
        raise DataError(f"expected a pickle of data, but found: {type(error).__name__}: {words}") from error


def _show(text: str) -> str:
    """A stranger's text in one line."""
    return text if text.isprintable() and len(text) <= 200 else repr(text[:200])


def _size(stream: io.BufferedIOBase) -> int:
    place = stream.tell()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(place)
    return size


def _resolve(value: object, known: dict[int, object]) -> object:
    """A value, with arrays for what stood for them.

    Args:
        value: what was unpickled.
        known: what came of other values, by `id`; who is met again becomes no second copy.
    """
    if id(value) in known:
        return known[id(value)]
    resolved = value
    match value:
        case PickledArray(values=values):
            resolved = _resolve_array(values, known)
        case dict():
            resolved = {key: _resolve(item, known) for key, item in value.items()}
        case list():
            resolved = [_resolve(item, known) for item in value]
        case tuple():
            resolved = tuple(_resolve(item, known) for item in value)
        case Frame():
            value.columns = {name: _resolve_array(column, known) for name, column in value.columns.items()}
        case None | bool() | int() | float() | complex() | str() | bytes() | bytearray() | set() | frozenset():
            return value
        case _:
            raise DataError(f"a pickle must hold data, but holds a bare {type(value).__name__}.")
    known[id(value)] = resolved
    return resolved


def _resolve_array(values: NDArray[Any], known: dict[int, object]) -> NDArray[Any]:
    if not values.dtype.hasobject:
        return values
    resolved = np.empty(values.size, dtype=object)
    for position, item in enumerate(values.ravel()):
        resolved[position] = _resolve(item, known)
    return resolved.reshape(values.shape)
