"""Intervals of scores: against scipy's, against a plain bootstrap, and by how often they hold the truth."""

from typing import Any

import numpy as np
import pytest
from acclimate.framework.evaluation.bootstrap import (
    bootstrap_balanced_accuracy,
    bootstrap_mean,
    bootstrap_pearson,
)
from acclimate.framework.evaluation.intervals import Confidence, Interval, percentile_interval, wilson_interval
from acclimate.framework.evaluation.metrics import balanced_accuracy, pearson
from numpy.typing import NDArray
from scipy.stats import binomtest

CONFIDENCE = Confidence(resamples=4000)
GENERATOR = np.random.default_rng(3)
LABELS = np.repeat([0, 4, 7], [60, 25, 15])
PREDICTIONS = np.where(GENERATOR.random(100) < [0.9] * 60 + [0.6] * 25 + [0.3] * 15, LABELS, 4)
NUMBERS = GENERATOR.normal(size=100)
GUESSES = (NUMBERS + GENERATOR.normal(size=100)).astype(np.float32)


@pytest.mark.parametrize(("successes", "samples"), [(0, 7), (7, 7), (1, 1), (3, 10), (871, 1000)])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_wilson_interval_is_that_of_scipy(successes: int, samples: int, level: float) -> None:
    found = wilson_interval(successes, samples, level)
    expected = binomtest(successes, samples).proportion_ci(level, method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= found.low <= successes / samples <= found.high <= 1
    assert found.low < found.high


def naive(statistic: object, *columns: NDArray[np.generic]) -> Interval:
    """As a textbook says it: draw rows, score them, sort the scores."""
    assert callable(statistic)
    generator = np.random.default_rng(11)
    rows = (generator.integers(len(columns[0]), size=len(columns[0])) for _ in range(CONFIDENCE.resamples))
    return percentile_interval(np.array([statistic(*(column[row] for column in columns)) for row in rows]), 0.95)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (bootstrap_mean(NUMBERS, CONFIDENCE), naive(np.mean, NUMBERS)),
        (bootstrap_balanced_accuracy(LABELS, PREDICTIONS, CONFIDENCE), naive(balanced_accuracy, LABELS, PREDICTIONS)),
        (bootstrap_pearson(NUMBERS, GUESSES, CONFIDENCE), naive(pearson, NUMBERS, GUESSES)),
    ],
    ids=["mean", "balanced accuracy", "Pearson"],
)
def test_a_bootstrap_is_what_drawing_rows_one_by_one_gives(found: Interval, expected: Interval) -> None:
    # Of 4000 resamples, an end is known to about a twentieth of the interval's width.
    within = 0.05 * (expected.high - expected.low)
    assert found.low == pytest.approx(expected.low, abs=within)
    assert found.high == pytest.approx(expected.high, abs=within)
    assert within > 0


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    generator, held = np.random.default_rng(0), 0
    for _ in range(200):
        interval = bootstrap_mean(generator.normal(2, 1, 80), Confidence(level=0.8, resamples=300))
        held += interval.low <= 2 <= interval.high
    assert 0.8 - 3 * 0.03 < held / 200 < 0.8 + 3 * 0.03


def test_a_class_that_a_resample_lacks_does_not_count_in_it() -> None:
    labels, predictions = np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0])
    found = bootstrap_balanced_accuracy(labels, predictions, Confidence(resamples=4000))
    assert found == Interval(0.5, 1.0)  # only both classes, or without the one that is wrong: 32 % of the draws


def test_numbers_that_do_not_vary_have_no_correlation() -> None:
    assert bootstrap_pearson(np.full(9, 0.1), np.arange(9.0), Confidence()) == Interval(0, 0)
    assert bootstrap_pearson(np.arange(9.0), np.arange(9.0), Confidence()).low == pytest.approx(1)


def test_many_samples_are_drawn_in_several_turns() -> None:
    values = np.random.default_rng(1).normal(size=2**19)
    found = bootstrap_mean(values, Confidence(resamples=5))
    drawn = np.random.default_rng(0)
    means = [values[drawn.integers(2**19, size=(rows, 2**19))].mean(axis=1) for rows in (2, 2, 1)]
    assert found == percentile_interval(np.concatenate(means), 0.95)


def test_a_seed_decides() -> None:
    first, second = (bootstrap_mean(NUMBERS, Confidence(seed=seed)) for seed in (0, 1))
    assert first == bootstrap_mean(NUMBERS, Confidence(seed=0))
    assert first != second


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 0.0}, "level must be between 0 and 1, but got 0.0"),
        ({"level": 95.0}, "level must be between 0 and 1, but got 95.0"),
        ({"level": float("nan")}, "level must be between 0 and 1, but got nan"),
        ({"resamples": 0}, "resamples must be positive, but got 0"),
        ({"seed": -1}, "seed must not be negative, but got -1"),
    ],
)
def test_a_confidence_out_of_range_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Confidence(**arguments)


def test_what_has_no_interval_is_refused() -> None:
    for successes, samples in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="successes must be from 0 to a positive number of samples"):
            wilson_interval(successes, samples, 0.95)
    with pytest.raises(ValueError, match="a vector of at least one"):
        bootstrap_mean(np.empty(0), Confidence())
    with pytest.raises(ValueError, match=r"the shape of labels, \(100,\), but got \(3,\)"):
        bootstrap_pearson(NUMBERS, GUESSES[:3], Confidence())
