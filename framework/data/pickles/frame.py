"""What stands for pandas' data frames while a pickle is read; pandas itself is not needed, nor run."""

from collections.abc import Sequence
from typing import Any, Final

import attrs
from numpy.typing import NDArray

from ...errors import DataError
from .arrays import PickledArray

INDEX: Final = object()
"""Stands for pandas' classes of indices."""

_OLD_STATE: Final = "0.14.1"
"""Release of pandas whose form of blocks its successors up to 1.2 write."""


@attrs.frozen(eq=False)
class Index:
    """Labels of rows or columns.

    Args:
        labels: one by one, or a range.
        name: of the column that they once were.
        counted: whether they only number the rows.
    """

    labels: Sequence[Any]
    name: str | None = None
    counted: bool = False

    @classmethod
    def of(cls, kind: object, fields: object) -> "Index":
        """Stands for `pandas.core.indexes.base._new_Index`."""
        match fields:
            case {"data": PickledArray(values=values), **rest} if kind is INDEX and values.ndim == 1:
                return cls(values.tolist(), _to_name(rest.get("name")))
            case {"start": int() as start, "stop": int() as stop, "step": int() as step, **rest} if kind is INDEX:
                return cls(range(start, stop, step), _to_name(rest.get("name")), counted=True)
            case _:
                raise DataError("a pickled data frame must have plain labels, but has others: use its .csv.")


@attrs.frozen(eq=False)
class Block:
    """Columns of one type.

    Args:
        values: `(columns, rows)`.
        places: where the columns stand in the frame.
    """

    values: NDArray[Any]
    places: tuple[int, ...]

    @classmethod
    def of(cls, values: object, placement: object, _axes: object = 2) -> "Block":
        """Stands for `pandas._libs.internals._unpickle_block`."""
        if not isinstance(values, PickledArray) or values.values.ndim != 2:
            raise DataError("a pickled data frame must have plain columns, but has others: use its .csv.")
        columns = len(values.values)
        if isinstance(placement, slice):
            places = _take_range(placement, columns)
        elif isinstance(placement, PickledArray):
            places = tuple(placement.values.ravel().tolist())
        else:
            places = ()
        if len(places) != columns:
            raise DataError("a pickled data frame must have a place for each column, but has none for some.")
        return cls(values.values, places)


class BlockManager:
    """Stands for `pandas.core.internals.managers.BlockManager`.

    Args:
        blocks: columns, type by type.
        axes: labels of the columns, and of the rows.
    """

    def __init__(self, blocks: object = (), axes: object = ()) -> None:
        self.blocks, self.axes = blocks, axes

    def __setstate__(self, state: object) -> None:
        """Take what pandas before 1.3 wrote."""
        match state:
            case (_, _, _, {"0.14.1": {"axes": list() as axes, "blocks": list() as blocks}}):
                self.axes = axes
                self.blocks = [Block.of(block["values"], block["mgr_locs"]) for block in blocks]
            case _:
                raise DataError(f"a pickled data frame must be of pandas {_OLD_STATE} or newer: use its .csv.")


class Frame:
    """Stands for `pandas.DataFrame`.

    Attributes:
        index: labels of the rows.
        columns: `(rows,)` by name, in order.
    """

    index: Index
    columns: dict[str, NDArray[Any]]

    def __setstate__(self, state: object) -> None:
        """Put columns together from their blocks."""
        match state:
            case {"_mgr": BlockManager(blocks=blocks, axes=axes)} | {"_data": BlockManager(blocks=blocks, axes=axes)}:
                self.columns, self.index = _join(blocks, axes)
            case _:
                raise DataError("a pickled data frame must have columns, but has none.")


def _join(blocks: object, axes: object) -> tuple[dict[str, NDArray[Any]], Index]:
    match axes:
        case [Index() as names, Index() as index]:
            pass
        case _:
            raise DataError("a pickled data frame must have labels of columns and of rows, but lacks one of them.")
    found: dict[int, NDArray[Any]] = {}
    for block in blocks if isinstance(blocks, list | tuple) else ():
        if not isinstance(block, Block) or block.values.shape[1] != len(index.labels):
            raise DataError(f"a pickled data frame of {len(index.labels)} rows must have that many in each column.")
        found.update(zip(block.places, block.values, strict=True))
    columns = {str(name): found[place] for place, name in enumerate(names.labels)}
    if not columns:
        raise DataError("a pickled data frame must have columns, but has none.")
    if len(columns) != len(names.labels):
        raise DataError("a pickled data frame must have columns of different names, but one stands twice.")
    return columns, index


def _take_range(placement: slice, columns: int) -> tuple[int, ...]:
    step = 1 if placement.step is None else placement.step
    # One more than there are columns tells that there are too many, however many they are.
    return tuple(range(placement.start, placement.stop, step)[: columns + 1])


def _to_name(name: object) -> str | None:
    return name if isinstance(name, str) else None
