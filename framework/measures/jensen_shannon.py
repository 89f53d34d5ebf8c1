"""Jensen-Shannon divergence between domains (Fuglede and Topsoe, ISIT 2004), as OSAN (CVPR 2023, figure 7) uses it.

OSAN does not say how it estimates densities. Here each feature gets a histogram of its own: `BINS` bins of equal width
over the range of both domains together. The divergence of features is the mean over these one-dimensional ones, so it
sees no difference in how features depend on each other; `proxy_a_distance` sees some.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..arguments import check_positive
from ._checks import Features, check_sides

BINS: Final = 10


def jensen_shannon_divergence(
    first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    r"""Divergence of discrete distributions, in nats: from 0, where they are equal, to ln 2, where they never meet.

    .. math:: \mathrm{JSD}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m),
        \quad m = \tfrac12 (p + q)

    Args:
        first: `(..., K)`, numbers that are not negative; each row is divided by its sum.
        second: the same shape.

    Returns:
        `(...)`.

    Raises:
        ValueError: if the shapes differ, a number is negative or not finite, or a row has no positive one.

    Example:
        >>> jensen_shannon_divergence(np.array([[1.0, 0.0], [2.0, 2.0]]), np.array([[0.0, 1.0], [0.5, 0.5]])).round(4)
        array([0.6931, 0.    ])
    """
    from scipy.special import rel_entr

    if first.shape != second.shape:
        raise ValueError(f"first and second must have one shape, but got {first.shape} and {second.shape}.")
    p, q = (_to_distribution(name, values) for name, values in (("first", first), ("second", second)))
    mean = (p + q) / 2
    divergence: NDArray[np.float64] = (rel_entr(p, mean) + rel_entr(q, mean)).sum(axis=-1) / 2
    # Rounding may leave less than nothing where the two are equal.
    return np.maximum(divergence, 0.0)


def feature_divergence(source: Features, target: Features, bins: int = BINS) -> NDArray[np.float64]:
    """Divergence of each feature between two domains; its mean is the divergence of the domains.

    With few samples it is above 0 even where the domains are equal, see `chance_divergence`.

    Args:
        source: `(N, d)`.
        target: `(M, d)`.
        bins: of each feature's histogram, of equal width over the range of both domains; the last one is closed. A
            feature that does not vary has a divergence of 0.

    Returns:
        `(d,)`, in nats.

    Raises:
        ValueError: if features are not finite, not equally wide or without rows, or `bins` is not positive.

    Example:
        >>> feature_divergence(np.array([[0.0, 1.0], [0.1, 2.0]]), np.array([[1.0, 1.0], [0.9, 2.0]])).round(4)
        array([0.6931, 0.    ])
    """
    check_sides(source, target)
    cells = _cells(np.concatenate([source, target]), bins)
    return _divergence(cells, len(source), bins)


def chance_divergence(
    source: Features, target: Features, generator: np.random.Generator, *, repeats: int = 10, bins: int = BINS
) -> float:
    """What the mean of `feature_divergence` would be without any shift: both domains shuffled, the sizes kept.

    Args:
        source: `(N, d)`.
        target: `(M, d)`.
        generator: shuffles.
        repeats: the mean over so many shuffles is returned.
        bins: as in `feature_divergence`.

    Raises:
        ValueError: as `feature_divergence` does, and if `repeats` is not positive.

    Example:
        >>> features = np.arange(40.0).reshape(40, 1)
        >>> chance = chance_divergence(features[:20], features[20:], np.random.default_rng(0))
        >>> 0 < chance < 0.2 < float(feature_divergence(features[:20], features[20:]).mean())
        True
    """
    check_sides(source, target)
    check_positive(repeats=repeats)
    cells = _cells(np.concatenate([source, target]), bins)
    shuffled = (_divergence(generator.permutation(cells), len(source), bins) for _ in range(repeats))
    return float(np.mean([divergence.mean() for divergence in shuffled]))


def _to_distribution(name: str, values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    found = values.astype(np.float64)
    sums = found.sum(axis=-1, keepdims=True)
    if not np.isfinite(found).all() or (found < 0).any() or (sums <= 0).any():
        raise ValueError(f"{name} must hold finite numbers that are not negative, and a positive one in each row.")
    distribution: NDArray[np.float64] = found / sums
    return distribution


def _cells(features: Features, bins: int) -> NDArray[np.int64]:
    """Number of the bin that each value falls into, `(N, d)`."""
    check_positive(bins=bins)
    values = features.astype(np.float64)
    low, high = values.min(axis=0), values.max(axis=0)
    width = np.where(high > low, high - low, 1.0)
    cells: NDArray[np.int64] = np.minimum((values - low) / width * bins, bins - 1).astype(np.int64)
    return cells


def _divergence(cells: NDArray[np.int64], sources: int, bins: int) -> NDArray[np.float64]:
    """Of the first rows from the others, by feature."""
    return jensen_shannon_divergence(_histograms(cells[:sources], bins), _histograms(cells[sources:], bins))


def _histograms(cells: NDArray[np.int64], bins: int) -> NDArray[np.float64]:
    """Counts by feature and bin, `(d, bins)`, of all features at once."""
    width = cells.shape[1]
    counts = np.bincount((cells + bins * np.arange(width)).ravel(), minlength=width * bins)
    return counts.reshape(width, bins).astype(np.float64)
