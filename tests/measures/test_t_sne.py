"""Features in a plane: clusters stay apart, a seed gives the same picture, and odd inputs give one too."""

import numpy as np
import pytest
from acclimate.framework.measures import embed
from bits import assert_same_bits
from numpy.typing import NDArray

CLUSTERS = np.repeat(np.eye(3) * 50, 20, axis=0) + np.random.default_rng(0).normal(size=(60, 3))


def test_clusters_stay_apart() -> None:
    found = embed(CLUSTERS, seed=0).reshape(3, 20, 2)
    centres = found.mean(axis=1)
    spread = np.linalg.norm(found - centres[:, np.newaxis], axis=2).max()
    distances = np.linalg.norm(centres[:, np.newaxis] - centres, axis=2)[np.triu_indices(3, 1)]
    assert distances.min() > 2 * spread


def test_a_seed_gives_the_same_picture() -> None:
    assert_same_bits(embed(CLUSTERS, seed=3), embed(CLUSTERS, seed=3))


@pytest.mark.parametrize("shape", [(5, 4), (12, 1), (6, 200)])
def test_few_samples_and_single_features_work(shape: tuple[int, int]) -> None:
    found = embed(np.random.default_rng(0).normal(size=shape).astype(np.float32), seed=0)
    assert found.shape == (shape[0], 2)
    assert np.isfinite(found).all()


def test_samples_that_do_not_differ_lie_in_one_place() -> None:
    assert not embed(np.ones((9, 4)), seed=0).any()


@pytest.mark.parametrize(
    ("features", "perplexity", "message"),
    [
        (CLUSTERS[:4], 30.0, "features must be a matrix of at least 5 rows, but got the shape"),
        (np.full((9, 2), np.nan), 30.0, "features must be finite, but row 0 is not"),
        (CLUSTERS, 0.5, "perplexity must be at least 1, but got 0.5"),
    ],
)
def test_what_has_no_picture_is_refused(features: NDArray[np.float64], perplexity: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        embed(features, seed=0, perplexity=perplexity)
