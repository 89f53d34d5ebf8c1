"""What a user gives to a session, checked and turned into what the graph takes. Imports no torch."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.data.preprocessing import Preprocessing
from ..framework.errors import DataError, ExportError
from .artefact import LENGTH, PRESENT

_TYPES: Final[Mapping[str, type[np.generic]]] = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


@attrs.frozen
class Port:
    """One modality's input of the graph.

    Args:
        name: of the modality.
        shape: of one row; a row may be shorter along the time axis where the graph is told lengths.
        dtype: of its values.
        time_axis: axis of the batch along which rows differ in length; None where the graph is told no lengths.
        indices: values are indices below this, such as the numbers of tokens; None where they are measured.
    """

    name: str
    shape: tuple[int, ...]
    dtype: type[np.generic] = np.float32
    time_axis: int | None = None
    indices: int | None = None

    @classmethod
    def of(cls, argument: Any, preprocessing: Preprocessing, *, told_lengths: bool) -> "Port":  # noqa: ANN401 - onnxruntime has no types
        """The port of an `onnxruntime.NodeArg`.

        Raises:
            ExportError: if the graph takes another shape or type than the preprocessing makes.
        """
        shape, sizes = preprocessing.shape, tuple(argument.shape[1:])
        fits = [size == wanted or not isinstance(size, int) for size, wanted in zip(sizes, shape, strict=False)]
        if _TYPES.get(argument.type) is not preprocessing.dtype or len(sizes) != len(shape) or not all(fits):
            raise ExportError(
                f"input {argument.name!r} of the graph takes {argument.type} rows of shape {sizes}, "
                f"but its preprocessing makes {preprocessing.dtype.__name__} rows of shape {shape}."
            )
        axis = None if preprocessing.time_axis is None or not told_lengths else preprocessing.time_axis + 1
        return cls(argument.name, shape, preprocessing.dtype, axis, preprocessing.indices)

    @property
    def length_name(self) -> str:
        """Of the graph's input that is told lengths."""
        return LENGTH.format(modality=self.name)

    @property
    def absent_shape(self) -> tuple[int, ...]:
        """Of one row that stands where no row has the modality: one step is enough of what is not there."""
        return tuple(1 if axis == self.time_axis else size for axis, size in enumerate(self.shape, start=1))

    def check(self, values: object) -> NDArray[Any]:
        """The values, if they are rows of this modality.

        Raises:
            DataError: if they are no array, or one of another type or shape.
        """
        if not isinstance(values, np.ndarray):
            raise DataError(f"{self.name}: expected a numpy array, but got {type(values).__name__}.")
        if isinstance(values, np.ma.MaskedArray):
            raise DataError(
                f"{self.name}: expected an array without a mask, but got a masked one: present has its place."
            )
        if values.dtype != self.dtype:
            raise DataError(f"{self.name}: expected {self.dtype.__name__} values, but got {values.dtype}.")
        wanted = list(self.shape)
        if self.time_axis is not None and values.ndim == len(self.shape) + 1 and values.shape[self.time_axis]:
            wanted[self.time_axis - 1] = values.shape[self.time_axis]
        if values.ndim != len(self.shape) + 1 or values.shape[1:] != tuple(wanted):
            raise DataError(f"{self.name}: expected the shape {('batch', *self.shape)}, but got {values.shape}.")
        return np.asarray(values)

    def check_lengths(
        self, values: NDArray[Any], lengths: object, present: NDArray[np.bool_]
    ) -> NDArray[np.int64] | None:
        """How many steps of each row are its own: all, where that is not said. None where the graph is not told.

        Raises:
            DataError: if there is not one whole number for each row, from 1 to the number of steps where the row has
                the modality.
        """
        if self.time_axis is None:
            return None
        steps = values.shape[self.time_axis]
        if lengths is None:
            return np.full(len(values), steps, np.int64)
        found = _to_numbers(lengths, f"{self.name}: lengths")
        if found.shape != (len(values),) or found.dtype.kind not in "iu":
            raise DataError(
                f"{self.name}: expected a whole number for each of {len(values)} rows as lengths, but got "
                f"{found.dtype} of shape {found.shape}."
            )
        found = np.where(present, found, 1)
        wrong = found[(found < 1) | (found > steps)]
        if len(wrong):
            raise DataError(f"{self.name}: lengths must be from 1 to the {steps} steps given, but got {wrong[0]}.")
        return found.astype(np.int64)

    def trim(
        self, values: NDArray[Any], present: NDArray[np.bool_], lengths: NDArray[np.int64]
    ) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Cut a batch to its longest row: what is padding in all rows costs time and changes nothing."""
        longest = longest_row(lengths, present)
        cut = (slice(None),) * (self.time_axis or 1) + (slice(longest),)
        return values[cut], np.minimum(lengths, longest)

    def check_values(
        self, values: NDArray[Any], present: NDArray[np.bool_], lengths: NDArray[np.int64] | None
    ) -> NDArray[Any]:
        """Refuse NaN, infinity and unknown indices where a row has the modality, but for its padding.

        Elsewhere, NaN and infinity reach nothing; unknown indices, which a graph looks up all the same, become 0.

        Raises:
            DataError: naming the row.
        """
        if self.indices is None and not present.any():
            return values
        odd = ~np.isfinite(values) if self.indices is None else (values < 0) | (values >= self.indices)
        if not odd.any():
            return values
        counts = np.broadcast_to(np.expand_dims(present, tuple(range(1, values.ndim))), values.shape)
        if lengths is not None and self.time_axis is not None:
            own = np.arange(values.shape[self.time_axis]) < lengths[:, np.newaxis]
            counts = counts & np.expand_dims(own, [axis for axis in range(1, values.ndim) if axis != self.time_axis])
        wrong = np.argwhere(odd & counts)
        if len(wrong):
            row, value = wrong[0][0], values[tuple(wrong[0])]
            rule, found = ("finite values", "NaN or infinity")
            if self.indices is not None:
                rule, found = (f"indices from 0 to {self.indices - 1}", str(value))
            raise DataError(f"{self.name}: expected {rule}, but row {row} holds {found}.")
        return values if self.indices is None else np.where(odd, self.dtype(0), values)


def longest_row(lengths: NDArray[np.int64], present: NDArray[np.bool_]) -> int:
    """Steps of the longest row that has the modality; 1 where none has."""
    return int(lengths[present].max(initial=1))


def make_feed(
    inputs: Mapping[str, NDArray[Any]],
    present: NDArray[Any] | None,
    ports: Sequence[Port],
    lengths: Mapping[str, NDArray[Any]] | None = None,
) -> dict[str, NDArray[Any]]:
    """The graph's inputs; a modality that is left out is absent from every row and filled with zeros.

    Args:
        inputs: `(B, ...)` by modality.
        present: `(B, M)` of bool, 0 or 1, columns in the order of `ports`; None means that what is given is there.
        ports: the graph's inputs.
        lengths: `(B,)` by modality, how many steps of each row are its own; those of a modality whose encoder is not
            told, or of a row that lacks it, are not looked at.

    Raises:
        DataError: one line with the modality or row, the rule and what was found.
    """
    names = [port.name for port in ports]
    check_names(inputs, names)
    check_known(lengths or {}, names, "lengths")
    feed = {port.name: port.check(inputs[port.name]) for port in ports if port.name in inputs}
    batch = count_rows(feed)
    mask = check_present(present, feed, names, batch)
    steps: dict[str, NDArray[np.int64]] = {}
    for column, port in enumerate(ports):
        if port.name in feed:
            told = port.check_lengths(feed[port.name], (lengths or {}).get(port.name), mask[:, column])
            feed[port.name] = port.check_values(feed[port.name], mask[:, column], told)
            if told is not None:
                feed[port.name], told = port.trim(feed[port.name], mask[:, column], told)
        else:
            feed[port.name] = np.zeros((batch, *port.absent_shape), port.dtype)
            told = None if port.time_axis is None else np.ones(batch, np.int64)
        steps |= {} if told is None else {port.length_name: told}
    return {**feed, **steps, PRESENT: mask.astype(np.float32)}


def check_names(inputs: object, names: Sequence[str]) -> None:
    """Raise DataError unless there is a modality, and all of them are known."""
    check_known(inputs, names, "inputs")
    if not inputs:
        raise DataError(f"expected at least one modality of {', '.join(names)}, but got none.")


def check_known(values: object, names: Sequence[str], argument: str) -> None:
    """Raise DataError unless values are given by known modalities."""
    if not isinstance(values, Mapping):
        raise DataError(f"{argument} must be given by modality, in a mapping, but got {type(values).__name__}.")
    for name in values:
        if name not in names:
            raise DataError(f"unknown modality {name!r}: the artefact has {', '.join(names)}.")


def _to_numbers(values: object, name: str) -> NDArray[Any]:
    try:
        found: NDArray[Any] = np.asarray(values)
    except ValueError as error:  # Lists that differ in length.
        raise DataError(f"{name} must be an array of numbers, but numpy can make none of it: {error}") from error
    if found.dtype.kind not in "biuf" or isinstance(values, np.ma.MaskedArray):
        kind = "a masked array" if isinstance(values, np.ma.MaskedArray) else str(found.dtype)
        raise DataError(f"{name} must be an array of numbers, but got {kind}.")
    return found


def count_rows(feed: Mapping[str, NDArray[Any]]) -> int:
    """How many rows there are; raises DataError where modalities disagree, or there is none."""
    sizes = {name: len(values) for name, values in feed.items()}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise DataError(f"all modalities must have the same number of rows, but got {found}.")
    batch = next(iter(sizes.values()))
    if batch == 0:
        raise DataError("expected at least one row, but got none.")
    return batch


def check_present(
    present: NDArray[Any] | None, feed: Mapping[str, object], names: Sequence[str], batch: int
) -> NDArray[np.bool_]:
    """`present` as `(B, M)` of bool; raises DataError where it is none, or a row has nothing or what is not given."""
    if present is None:
        return np.tile([name in feed for name in names], (batch, 1))
    given = _to_numbers(present, "present")
    wanted = (batch, len(names))
    if given.shape != wanted:
        raise DataError(f"present must have the shape {wanted}, for {', '.join(names)}, but has {given.shape}.")
    odd = given[~np.isin(given, (0, 1))]
    if len(odd):
        raise DataError(f"present must hold 0 and 1 only, but got {odd[0]}.")
    mask: NDArray[np.bool_] = given.astype(np.bool_)
    bare = np.flatnonzero(~mask.any(axis=1))
    if len(bare):
        raise DataError(f"every row must have a modality, but row {bare[0]} has none.")
    for name, is_used in zip(names, np.any(mask, axis=0), strict=True):
        if is_used and name not in feed:
            raise DataError(f"present says that rows have {name}, but inputs does not hold it.")
    return mask
