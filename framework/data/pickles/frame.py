"""What stands for pandas' data frames while a pickle is read; pandas itself is not needed, nor run."""

from collections.abc import Sequence
from typing import Any, Final

import attrs
from numpy.typing import NDArray

from ...errors import DataError
from .arrays import PickledArray, look_up

INDEX: Final = object()
"""Stands for pandas' classes of indices."""

_SERIES: Final = "data"
"""Column of a series without a name."""

_OLD_STATE: Final = "0.14.1"
"""Release of pandas whose form of blocks its successors up to 1.2 write."""


@attrs.frozen(eq=False)
class Index:
    """Labels of rows or columns.

    Args:
        labels: one by one, or a range; of an index of several levels, tuples.
        name: of the column that they once were.
        counted: whether they only number the rows.
        levels: of an index of several levels, each by itself.
    """

    labels: Sequence[Any]
    name: str | None = None
    counted: bool = False
    levels: tuple["Index", ...] = ()

    @classmethod
    def of(cls, kind: object, fields: object) -> "Index":
        """Stands for `pandas.core.indexes.base._new_Index`, and what does the same for dates."""
        match fields:
            case {"data": PickledArray(values=values), **rest} if kind is INDEX and values.ndim == 1:
                return cls(values.tolist(), _to_name(rest.get("name")))
            case {"start": int() as start, "stop": int() as stop, "step": int() as step, **rest} if kind is INDEX:
                return cls(range(start, stop, step), _to_name(rest.get("name")), counted=True)
            case {"levels": list() | tuple() as levels, "codes": list() | tuple() as codes, **rest} if kind is INDEX:
                names = rest.get("names")
                named = [*names] if isinstance(names, list | tuple) else []
                return _join_levels([*levels], [*codes], [*named, *[None] * len(levels)])
            case _:
                raise DataError("a pickled data frame must have plain labels, but has others: use its .csv.")

    @property
    def columns(self) -> dict[str, Sequence[Any]]:
        """Labels as columns, called as pandas does where they have no name."""
        if not self.levels:
            return {self.name or "index": self.labels}
        return {level.name or f"level_{number}": level.labels for number, level in enumerate(self.levels)}


def _join_levels(levels: list[object], codes: list[object], names: list[object]) -> Index:
    joined: list[Index] = []
    for level, code, name in zip(levels, codes, names, strict=False):
        if not (isinstance(level, Index) and isinstance(code, PickledArray) and code.values.ndim == 1):
            raise DataError("a pickled index of levels must have labels and their numbers, but lacks one of them.")
        labels = look_up(level.labels, code.values)
        joined.append(Index(labels, _to_name(name) or level.name))
    if not joined or len(joined) != len(codes) or len({len(level.labels) for level in joined}) != 1:
        raise DataError("a pickled index of levels must have a label of each for all rows, but lacks some.")
    return Index([*zip(*(level.labels for level in joined), strict=True)], levels=tuple(joined))


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
        if not isinstance(values, PickledArray) or values.values.ndim not in {1, 2}:
            raise DataError("a pickled data frame must have plain columns, but has others: use its .csv.")
        # Arrays of pandas' own hold one column each.
        array = values.values.reshape(1, -1) if values.values.ndim == 1 else values.values
        columns = len(array)
        if isinstance(placement, slice):
            places = _take_range(placement, columns)
        elif isinstance(placement, PickledArray):
            places = tuple(placement.values.ravel().tolist())
        else:
            places = ()
        if len(places) != columns:
            raise DataError("a pickled data frame must have a place for each column, but has none for some.")
        return cls(array, places)


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


class SingleBlockManager:
    """Stands for `pandas.core.internals.managers.SingleBlockManager`: the one column of a series."""

    def __init__(self, block: object = None, axes: object = ()) -> None:
        self.blocks = [block.values.ravel()] if isinstance(block, Block) else []
        self.axes = axes

    def __setstate__(self, state: object) -> None:
        """Take what pandas writes."""
        match state:
            case ([Index()] as axes, [PickledArray(values=values)], *_) if values.ndim == 1:
                self.axes, self.blocks = axes, [values]
            case _:
                raise DataError("a pickled series must have plain values, but has others: use its .csv.")


class Frame:
    """Stands for `pandas.DataFrame`, and for `pandas.Series`, which is one column.

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
            case {"_mgr": SingleBlockManager(blocks=[values], axes=[Index() as index]), **rest}:
                if len(values) != len(index.labels):
                    raise DataError("a pickled series must have a value for each label, but has not.")
                self.columns, self.index = {_to_name(rest.get("_name")) or _SERIES: values}, index
            case _:
                raise DataError("a pickled data frame must have columns, but has none.")


def _join(blocks: object, axes: object) -> tuple[dict[str, NDArray[Any]], Index]:
    match axes:
        case [Index(levels=()) as names, Index() as index]:
            pass
        case [Index(), Index()]:
            raise DataError("a pickled data frame must have one name for each column, but has several: use its .csv.")
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
