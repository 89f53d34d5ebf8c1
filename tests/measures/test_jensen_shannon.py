"""Jensen-Shannon divergence: its bounds, and what chance gives."""

import numpy as np
import pytest
from acclimate.framework.measures import chance_divergence, feature_divergence, jensen_shannon_divergence


def test_it_is_symmetric_and_bounded() -> None:
    p, q = np.random.default_rng(0).dirichlet(np.full(6, 0.3), size=(2, 50))
    found = jensen_shannon_divergence(p, q)
    np.testing.assert_allclose(found, jensen_shannon_divergence(q, p), rtol=1e-12)
    assert (found > 0).all()
    assert (found < np.log(2)).all()
    assert jensen_shannon_divergence(p, p) == pytest.approx(np.zeros(50))


def test_features_that_are_shifted_and_scaled_alike_diverge_alike() -> None:
    source, target = np.random.default_rng(0).normal(size=(2, 30, 3))
    scaled = feature_divergence(8 * source - 4, 8 * target - 4)
    np.testing.assert_allclose(scaled, feature_divergence(source, target), rtol=1e-12)


def test_domains_that_do_not_meet_diverge_most_and_a_constant_feature_never() -> None:
    source, target = np.zeros((5, 2)), np.zeros((7, 2))
    target[:, 0] = 1
    np.testing.assert_allclose(feature_divergence(source, target), [np.log(2), 0.0])


def test_chance_explains_the_divergence_of_equal_domains_but_not_of_shifted_ones() -> None:
    source, target = np.random.default_rng(0).normal(size=(2, 60, 20))
    chance = chance_divergence(source, target, np.random.default_rng(1))
    found = feature_divergence(source, target).mean()
    assert 0.7 * found < chance < 1.3 * found
    assert feature_divergence(source, target + 1).mean() > 3 * chance


@pytest.mark.parametrize(
    ("p", "q", "message"),
    [
        ([1.0, 0.0], [1.0], "one shape"),
        ([1.0, -0.5], [1.0, 0.0], "first must hold"),
        ([1.0, 0.0], [0.0, 0.0], "second must hold"),
        ([1.0, np.nan], [1.0, 0.0], "first must hold"),
    ],
)
def test_what_is_no_distribution_is_refused(p: list[float], q: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        jensen_shannon_divergence(np.array(p), np.array(q))


def test_what_cannot_be_measured_is_refused() -> None:
    rows = np.zeros((3, 2))
    with pytest.raises(ValueError, match="equally wide, but got 2 and 1"):
        feature_divergence(rows, rows[:, :1])
    with pytest.raises(ValueError, match="source must be a matrix of at least 1 rows"):
        feature_divergence(rows[:0], rows)
    with pytest.raises(ValueError, match="target must be finite, but row 1 is not"):
        feature_divergence(rows, np.array([[0.0, 0.0], [np.inf, 0.0]]))
    with pytest.raises(ValueError, match="bins must be positive, but got 0"):
        feature_divergence(rows, rows, bins=0)
    with pytest.raises(ValueError, match="repeats must be positive, but got 0"):
        chance_divergence(rows, rows, np.random.default_rng(0), repeats=0)
