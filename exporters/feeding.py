"""What a user gives to a session, checked and turned into what the graph takes. Imports no torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..framework.errors import DataError, ExportError
from .artefact import PRESENT


@attrs.frozen
class Port:
    """One modality's input of the graph, of float32 values.

    Args:
        name: of the modality.
        shape: of one row.
    """

    name: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, argument: Any, shape: tuple[int, ...]) -> "Port":  # noqa: ANN401 - onnxruntime has no types
        """The port of an `onnxruntime.NodeArg` whose preprocessing makes rows of a shape.

        Raises:
            ExportError: if the graph takes another shape or type.
        """
        sizes = tuple(argument.shape[1:])
        fits = [size == wanted or not isinstance(size, int) for size, wanted in zip(sizes, shape, strict=False)]
        if argument.type != "tensor(float)" or len(sizes) != len(shape) or not all(fits):
            raise ExportError(
                f"input {argument.name!r} of the graph takes {argument.type} rows of shape {sizes}, "
                f"but its preprocessing makes float32 rows of shape {shape}."
            )
        return cls(argument.name, shape)

    def check(self, values: object) -> NDArray[Any]:
        """The values, if they are rows of this modality.

        Raises:
            DataError: if they are no array, or one of another type or shape.
        """
        if not isinstance(values, np.ndarray):
            raise DataError(f"{self.name}: expected a numpy array, but got {type(values).__name__}.")
        if values.dtype != np.float32:
            raise DataError(f"{self.name}: expected float32 values, but got {values.dtype}.")
        if values.ndim != len(self.shape) + 1 or values.shape[1:] != self.shape:
            raise DataError(f"{self.name}: expected the shape {('batch', *self.shape)}, but got {values.shape}.")
        return values


def make_feed(
    inputs: Mapping[str, NDArray[Any]], present: NDArray[Any] | None, ports: Sequence[Port]
) -> dict[str, NDArray[Any]]:
    """The graph's inputs; a modality that is left out is absent from every row and filled with zeros.

    Args:
        inputs: `(B, ...)` by modality.
        present: `(B, M)` of bool, 0 or 1, columns in the order of `ports`; None means that what is given is there.
        ports: the graph's inputs.

    Raises:
        DataError: one line with the modality or row, the rule and what was found.
    """
    names = [port.name for port in ports]
    check_names(inputs, names)
    feed = {port.name: port.check(inputs[port.name]) for port in ports if port.name in inputs}
    batch = _batch_size(feed)
    mask = _check_present(present, feed, names, batch)
    _check_finite(feed, mask, names)
    for port in ports:
        if port.name not in feed:
            feed[port.name] = np.zeros((batch, *port.shape), np.float32)
    return {**feed, PRESENT: mask.astype(np.float32)}


def check_names(inputs: Mapping[str, object], names: Sequence[str]) -> None:
    """Raise DataError unless there is a modality, and all of them are known."""
    known = ", ".join(names)
    for name in inputs:
        if name not in names:
            raise DataError(f"unknown modality {name!r}: the artefact has {known}.")
    if not inputs:
        raise DataError(f"expected at least one modality of {known}, but got none.")


def _batch_size(feed: Mapping[str, NDArray[Any]]) -> int:
    sizes = {name: len(values) for name, values in feed.items()}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise DataError(f"all modalities must have the same number of rows, but got {found}.")
    batch = next(iter(sizes.values()))
    if batch == 0:
        raise DataError("expected at least one row, but got none.")
    return batch


def _check_present(
    present: NDArray[Any] | None, feed: Mapping[str, object], names: Sequence[str], batch: int
) -> NDArray[np.bool_]:
    if present is None:
        return np.tile([name in feed for name in names], (batch, 1))
    wanted = (batch, len(names))
    if np.shape(present) != wanted:
        raise DataError(f"present must have the shape {wanted}, for {', '.join(names)}, but has {np.shape(present)}.")
    odd = np.asarray(present)[~np.isin(present, (0, 1))]
    if len(odd):
        raise DataError(f"present must hold 0 and 1 only, but got {odd[0]}.")
    mask: NDArray[np.bool_] = np.asarray(present, np.bool_)
    bare = np.flatnonzero(~mask.any(axis=1))
    if len(bare):
        raise DataError(f"every row must have a modality, but row {bare[0]} has none.")
    for name, is_used in zip(names, np.any(mask, axis=0), strict=True):
        if is_used and name not in feed:
            raise DataError(f"present says that rows have {name}, but inputs does not hold it.")
    return mask


def _check_finite(feed: Mapping[str, NDArray[Any]], mask: NDArray[np.bool_], names: Sequence[str]) -> None:
    for column, name in enumerate(names):
        if name not in feed:
            continue
        finite = np.isfinite(feed[name]).reshape(len(mask), -1).all(axis=1)
        wrong = np.flatnonzero(mask[:, column] & ~finite)
        if len(wrong):
            raise DataError(f"{name}: expected finite values, but row {wrong[0]} holds NaN or infinity.")
