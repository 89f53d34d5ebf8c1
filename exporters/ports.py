"""The inputs of an artefact, one for each modality, and what may be given to them."""

import sys
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.data.preprocessing import Preprocessing
from ..framework.errors import DataError, ExportError
from ..framework.port_names import LENGTH
from .artefact import ArtefactConfig
from .runtime import TensorSpec


@attrs.frozen
class Port:
    """One modality's input of an artefact.

    Args:
        name: The modality.
        shape: That of one row; a row may be shorter along the time axis where the graph is told lengths.
        dtype: The type of its values.
        time_axis: The axis of the batch along which rows differ in length; None where the graph is told no lengths.
        indices: A number that all values lie below, such as numbers of tokens do; None where they are measured.

    Example:
        >>> port = Port("audio", (400,))
        >>> port.check(np.zeros((2, 300), np.float32))
        Traceback (most recent call last):
        acclimate.framework.errors.DataError: audio: expected the shape ('batch', 400), but got (2, 300).
    """

    name: str
    shape: tuple[int, ...]
    dtype: type[np.generic] = np.float32
    time_axis: int | None = None
    indices: int | None = None

    @classmethod
    def of(cls, name: str, preprocessing: Preprocessing, *, told_lengths: bool) -> "Port":
        """The port of what a modality's preprocessing makes."""
        axis = None if preprocessing.time_axis is None or not told_lengths else preprocessing.time_axis + 1
        return cls(name, preprocessing.shape, preprocessing.dtype, axis, preprocessing.indices)

    def check_graph(self, given: TensorSpec) -> None:
        """Check that a graph's input takes this modality.

        Raises:
            ExportError: if the graph takes another shape or type than the preprocessing makes.
        """
        sizes = given.shape[1:]
        fits = [size in {wanted, None} for size, wanted in zip(sizes, self.shape, strict=False)]
        if given.dtype is not self.dtype or len(sizes) != len(self.shape) or not all(fits):
            raise ExportError(
                f"input {given.name!r} of the graph takes {given.dtype.__name__} rows of shape {sizes}, "
                f"but its preprocessing makes {self.dtype.__name__} rows of shape {self.shape}."
            )

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
        # numpy imports its masked arrays when they are first asked for: where nobody has, there are none.
        if "numpy.ma" in sys.modules and isinstance(values, np.ma.MaskedArray):
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
        found = to_numbers(lengths, f"{self.name}: lengths")
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


def make_ports(config: ArtefactConfig) -> tuple[Port, ...]:
    """The ports of an artefact, in the order of its modalities."""
    return tuple(
        Port.of(name, preprocessing, told_lengths=name in config.lengths)
        for name, preprocessing in config.schema.preprocessing.items()
    )


def longest_row(lengths: NDArray[np.int64], present: NDArray[np.bool_]) -> int:
    """Steps of the longest row that has the modality; 1 where none has."""
    return int(lengths[present].max(initial=1))


def to_numbers(values: object, name: str) -> NDArray[Any]:
    """What a user gives as an array of numbers.

    Raises:
        DataError: if numpy makes none of it, or it is masked.
    """
    try:
        found: NDArray[Any] = np.asarray(values)
    except ValueError as error:  # Lists that differ in length.
        raise DataError(f"{name} must be an array of numbers, but numpy can make none of it: {error}") from error
    if found.dtype.kind not in "biuf" or isinstance(values, np.ma.MaskedArray):
        kind = "a masked array" if isinstance(values, np.ma.MaskedArray) else str(found.dtype)
        raise DataError(f"{name} must be an array of numbers, but got {kind}.")
    return found
