"""Checks of arrays that several measures take."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Features: TypeAlias = NDArray[np.floating[Any]]
"""Features of samples, `(N, d)`."""


def check_sides(source: Features, target: Features, rows: int = 1) -> None:
    """Refuse features of two domains that cannot be compared.

    Args:
        source: `(N, d)`.
        target: `(M, d)`.
        rows: how many each must have at least.

    Raises:
        ValueError: if one is no finite matrix of so many rows, or they are not equally wide.
    """
    for name, features in (("source", source), ("target", target)):
        check_features(name, features, rows)
    if source.shape[1] != target.shape[1]:
        raise ValueError(
            f"source and target must be equally wide, but got {source.shape[1]} and {target.shape[1]} features."
        )


def check_features(name: str, features: Features, rows: int) -> None:
    """Refuse features that cannot be measured.

    Raises:
        ValueError: if they are no finite matrix with at least so many rows and a column.
    """
    if features.ndim != 2 or len(features) < rows or not features.shape[1]:
        raise ValueError(f"{name} must be a matrix of at least {rows} rows, but got the shape {features.shape}.")
    wrong = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(wrong):
        raise ValueError(f"{name} must be finite, but row {wrong[0]} is not.")
