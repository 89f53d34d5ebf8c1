"""Proxy A-distance: 0 for equal domains, 2 for those that a line parts, and nothing that sizes or scales change."""

import numpy as np
import pytest
from acclimate.framework.measures import proxy_a_distance

SOURCE, TARGET = np.random.default_rng(0).normal(size=(2, 80, 4))


def test_it_grows_with_the_shift_from_0_to_2() -> None:
    found = [proxy_a_distance(SOURCE, TARGET + shift, seed=0) for shift in (0.0, 0.5, 1.0, 10.0)]
    assert found[0] < 0.4
    assert found == sorted(found)
    assert found[-1] == pytest.approx(2.0)


def test_its_error_is_that_of_samples_which_the_classifier_has_not_seen() -> None:
    """With as many features as samples, the classifier knows each sample that it was trained on."""
    source, target = np.random.default_rng(0).normal(size=(2, 40, 80))
    assert proxy_a_distance(source, target, seed=0) < 0.5


def test_unequal_sizes_make_no_distance() -> None:
    """Plain errors would give 1.6 to whoever always guesses the larger domain."""
    source, target = np.split(np.random.default_rng(0).normal(size=(400, 3)), [360])
    assert proxy_a_distance(source, target, seed=0) < 0.6


def test_scales_of_features_make_no_difference() -> None:
    scales = np.array([1e-3, 1.0, 1e3, 10.0])
    plain = proxy_a_distance(SOURCE, TARGET + 0.5, seed=0)
    assert proxy_a_distance(SOURCE * scales, (TARGET + 0.5) * scales, seed=0) == pytest.approx(plain)


def test_a_seed_gives_the_same_folds() -> None:
    found = {proxy_a_distance(SOURCE, TARGET + 0.3, seed=seed) for seed in (0, 0, 1, 2, 3)}
    assert 1 < len(found) < 5


@pytest.mark.parametrize(
    ("rows", "folds", "message"), [(1, 5, "source must be a matrix of at least 2 rows"), (4, 1, "folds must be")]
)
def test_too_few_are_refused(rows: int, folds: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        proxy_a_distance(SOURCE[:rows], TARGET, seed=0, folds=folds)
