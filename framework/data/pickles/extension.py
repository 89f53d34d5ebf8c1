"""What stands for pandas' own arrays while a pickle is read: categories, missing whole numbers, text, dates."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from .arrays import PickledArray, dates_to_text, look_up, to_objects
from .frame import Index

_UNITS: Final = {7: "s", 8: "ms", 9: "us", 10: "ns"}
"""What pandas calls units of time by number."""


class Inert:
    """Stands for a type or a frequency, which says nothing that is needed."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        """Take nothing."""


class Categories:
    """Stands for `pandas.CategoricalDtype`.

    Args:
        labels: of the categories, if they come at once.
    """

    def __init__(self, labels: object = None, *_: object) -> None:
        self.labels = labels

    def __setstate__(self, state: object) -> None:
        """Take the categories."""
        match state:
            case {"categories": labels}:
                self.labels = labels
            case _:
                raise DataError("pickled categories must have labels, but have none.")


class ExtensionArray(PickledArray):
    """Stands for an array of pandas; a subclass says what its state means."""

    def __setstate__(self, state: object) -> None:
        """Take the content: type, values and more from new releases, a dictionary from older ones."""
        match state:
            case (
                (kind, PickledArray(values=values), *_)
                | {"_dtype": kind, "_codes": PickledArray(values=values)}
                | {"_dtype": kind, "_ndarray": PickledArray(values=values)}
                | {"_dtype": kind, "_data": PickledArray(values=values)}
            ):
                self.values = self.read(kind, values)
            case _:
                raise DataError("a pickled column of pandas must have a type and values, but lacks one: use its .csv.")

    @staticmethod
    def read(kind: object, values: NDArray[Any]) -> NDArray[Any]:
        """The array that these values are."""
        raise NotImplementedError


class Categorical(ExtensionArray):
    """Stands for `pandas.Categorical`: its values, None where there is none."""

    @staticmethod
    def read(kind: object, values: NDArray[Any]) -> NDArray[Any]:
        """Look up categories by their number; -1 is none."""
        labels = kind.labels.labels if isinstance(kind, Categories) and isinstance(kind.labels, Index) else None
        return to_objects(look_up(labels, values), values.shape)


class Plain(ExtensionArray):
    """Stands for arrays of text, and of dates without a time zone, which are text too once they are read."""

    @staticmethod
    def read(_kind: object, values: NDArray[Any]) -> NDArray[Any]:
        """The text as it is."""
        if values.dtype.kind != "O":
            raise DataError(f"a pickled column of text must hold text, but holds {values.dtype}.")
        return values


class Masked(ExtensionArray):
    """Stands for numbers of which some are missing: `Int64`, `Float64` and `boolean` columns."""

    def __setstate__(self, state: object) -> None:
        """Take the numbers, None where there is none."""
        match state:
            case {"_data": PickledArray(values=values), "_mask": PickledArray(values=mask)} if (
                mask.dtype.kind == "b" and mask.shape == values.shape
            ):
                pairs = zip(values.ravel().tolist(), mask.ravel().tolist(), strict=True)
                self.values = to_objects([None if missing else value for value, missing in pairs], values.shape)
            case _:
                raise DataError("a pickled column with missing numbers must say which are missing, but does not.")


def start_extension(kind: object, _checksum: object = None, state: object = None) -> ExtensionArray:
    """Stands for `pandas._libs.arrays.__pyx_unpickle_NDArrayBacked`: the state follows, or comes with it."""
    if not (isinstance(kind, type) and issubclass(kind, ExtensionArray)):
        raise DataError("a pickled column of pandas must be of a known kind, but is of another: use its .csv.")
    array = kind()
    if state is not None:
        array.__setstate__(state)
    return array


def read_timestamp(value: object, _frequency: object = None, zone: object = None, unit: object = 10) -> str | None:
    """Stands for `pandas.Timestamp`: the same as text."""
    if not isinstance(value, int) or zone is not None or unit not in _UNITS:
        raise DataError("a pickled date must be a number of seconds without a time zone, but is none: use its .csv.")
    (text,) = dates_to_text(np.array([value]).view(f"M8[{_UNITS[unit]}]"))
    return text
