"""What a user gives to a session as arrays, checked and turned into what the graphs take."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..framework.errors import DataError
from ..framework.port_names import PRESENT
from .ports import Port, to_numbers


def make_feed(
    inputs: Mapping[str, NDArray[Any]],
    present: NDArray[Any] | None,
    ports: Sequence[Port],
    lengths: Mapping[str, NDArray[Any]] | None = None,
) -> dict[str, NDArray[Any]]:
    """The graph's inputs, but for those of modalities that are left out, which are absent from every row.

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
        if port.name not in feed:
            continue
        told = port.check_lengths(feed[port.name], (lengths or {}).get(port.name), mask[:, column])
        feed[port.name] = port.check_values(feed[port.name], mask[:, column], told)
        if told is not None:
            feed[port.name], steps[port.length_name] = port.trim(feed[port.name], mask[:, column], told)
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
            raise DataError(f"unknown modality {str(name)[:99]!r}: the artefact has {', '.join(names)}.")


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
    given = to_numbers(present, "present")
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
