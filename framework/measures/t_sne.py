"""Features in a plane: t-SNE (van der Maaten and Hinton, JMLR 2008)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ._checks import Features, check_features

PERPLEXITY: Final = 30.0
FEWEST: Final = 5
"""Samples; of fewer, neighbourhoods mean nothing."""


def embed(features: Features, *, seed: int, perplexity: float = PERPLEXITY) -> NDArray[np.float64]:
    """Coordinates in which samples whose features lie close to each other do so as well.

    Only neighbourhoods mean something: neither distances between clusters nor their sizes do. Start from the first two
    principal components, by scikit-learn.

    Args:
        features: `(N, d)`, of all domains and classes together: coordinates of two calls cannot be compared.
        seed: of what is drawn at random.
        perplexity: how many neighbours a sample has, roughly; a third of the samples at most.

    Returns:
        `(N, 2)`; all zeros where the samples do not differ.

    Raises:
        ValueError: if features are not finite or fewer than `FEWEST` rows, or the perplexity is below 1.

    Example:
        >>> features = np.repeat(np.eye(2), 10, axis=0) * 100 + np.arange(20.0)[:, np.newaxis] / 100
        >>> found = embed(features, seed=0)
        >>> found.shape, bool(np.ptp(found[:10, 0]) < abs(found[0, 0] - found[10, 0]))
        ((20, 2), True)
    """
    from sklearn.manifold import TSNE

    check_features("features", features, FEWEST)
    if perplexity < 1:
        raise ValueError(f"perplexity must be at least 1, but got {perplexity}.")
    values = features.astype(np.float64)
    if not np.ptp(values, axis=0).any():
        return np.zeros((len(values), 2))
    found: NDArray[np.float64] = TSNE(
        perplexity=min(perplexity, (len(values) - 1) / 3),
        # A single feature has no second component.
        init="pca" if values.shape[1] > 1 else "random",
        learning_rate="auto",
        random_state=seed,
    ).fit_transform(values)
    return found.astype(np.float64)
