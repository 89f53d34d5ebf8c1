"""Dawid and Skene's EM: against one written in loops, against planted confusions, and on votes that can be counted."""

from math import exp, log

import numpy as np
import pytest
from acclimate.framework.consensus.dawid_skene import DawidSkene, Settings, dawid_skene
from acclimate.framework.consensus.opinion import Votes
from acclimate.framework.consensus.votes import expected_accuracy, vote_shares
from numpy.typing import NDArray

SETTINGS = Settings(right=2.0, wrong=0.5, classes=1.5, iterations=20)


def planted(
    confusions: list[list[list[float]]], prior: list[float], rows: int, seed: int
) -> tuple[Votes, NDArray[np.int64]]:
    """Votes of raters with known confusions, and the classes."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(len(prior), size=rows, p=prior)
    drawn = generator.random((len(confusions), rows))
    steps = np.cumsum(np.array(confusions), axis=2)[:, truth]
    return (drawn[:, :, np.newaxis] > steps).sum(axis=2), truth


CONFUSIONS = [
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]],
    [[0.6, 0.3, 0.1], [0.1, 0.9, 0.0], [0.1, 0.0, 0.9]],
    [[0.9, 0.0, 0.1], [0.1, 0.6, 0.3], [0.3, 0.1, 0.6]],
    [[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.2, 0.1, 0.7]],
]
PRIOR = [0.5, 0.3, 0.2]
VOTES, TRUTH = planted(CONFUSIONS, PRIOR, rows=60, seed=5)
VOTES[np.random.default_rng(1).random(VOTES.shape) < 0.2] = -1


def looped(votes: Votes, classes: int, settings: Settings) -> tuple[list[list[float]], float]:
    """Posterior and log likelihood, as the paper's equations say them: no pattern, no matrix, no logarithm but one."""
    raters, rows = votes.shape
    posterior = []
    for row in range(rows):
        given = [int(votes[rater, row]) for rater in range(raters) if votes[rater, row] >= 0]
        posterior.append([given.count(index) / len(given) if given else 1 / classes for index in range(classes)])
    for _ in range(settings.iterations):
        prior = [settings.classes + sum(shares[index] for shares in posterior) for index in range(classes)]
        prior = [value / (rows + classes * settings.classes) for value in prior]
        tables = []
        for rater in range(raters):
            table = [[settings.right if i == j else settings.wrong for j in range(classes)] for i in range(classes)]
            for row in range(rows):
                if votes[rater, row] >= 0:
                    for index in range(classes):
                        table[index][votes[rater, row]] += posterior[row][index]
            tables.append([[value / sum(line) for value in line] for line in table])
        likelihood = 0.0
        for row in range(rows):
            joint = list(prior)
            for rater in range(raters):
                if votes[rater, row] >= 0:
                    joint = [joint[index] * tables[rater][index][votes[rater, row]] for index in range(classes)]
            posterior[row] = [value / sum(joint) for value in joint]
            likelihood += log(sum(joint))
    return posterior, likelihood


def objective(found: DawidSkene, settings: Settings) -> float:
    """What EM climbs: log likelihood with the logarithm of both priors."""
    classes = len(found.class_prior)
    before = settings.wrong + (settings.right - settings.wrong) * np.eye(classes)
    confusions = float((before * np.log(found.confusions)).sum())
    return found.log_likelihood + confusions + settings.classes * float(np.log(found.class_prior).sum())


def test_it_is_what_loops_over_the_equations_give() -> None:
    settings = Settings(right=2.0, wrong=0.5, classes=1.5, iterations=20, tolerance=1e-300)
    found = dawid_skene(VOTES, 3, settings=settings)
    posterior, likelihood = looped(VOTES, 3, settings)
    assert found.posterior == pytest.approx(np.array(posterior), abs=1e-9)
    assert found.log_likelihood == pytest.approx(likelihood)
    assert found.iterations == 20


def test_it_finds_the_confusions_that_were_planted() -> None:
    votes, truth = planted(CONFUSIONS, PRIOR, rows=20_000, seed=7)
    found = dawid_skene(votes, 3)
    assert found.confusions == pytest.approx(np.array(CONFUSIONS), abs=0.04)
    assert found.class_prior == pytest.approx(PRIOR, abs=0.03)
    assert found.accuracies == pytest.approx((votes == truth).mean(axis=1), abs=0.02)
    # It knows how sure it may be: what it claims of its own labels is how often they are right.
    own = found.posterior.argmax(axis=1)
    assert expected_accuracy(found.posterior, own) == pytest.approx((own == truth).mean(), abs=0.01)


def test_no_iteration_falls_behind_the_one_before() -> None:
    settings = [Settings(iterations=count, tolerance=1e-300) for count in range(1, 15)]
    climbed = [objective(dawid_skene(VOTES, 3, settings=one), one) for one in settings]
    assert np.diff(climbed).min() > -1e-9
    assert climbed[-1] > climbed[0] + 0.1


def test_two_raters_and_one_class_come_out_as_by_hand() -> None:
    """One step from a start: with half a row each, priors 1, and confusions of (1 + row) / (sum)."""
    votes = np.array([[0, 1]])
    found = dawid_skene(
        votes,
        2,
        start=np.array([[0.75, 0.25], [0.25, 0.75]]),
        settings=Settings(right=1.0, wrong=0.25, classes=0.0, iterations=1),
    )
    # Class 0 was called 0 once (prior) + .75 of a row, and 1 a quarter (prior) + .25 of a row.
    assert found.confusions == pytest.approx(np.array([[[1.75, 0.5], [0.5, 1.75]]]) / 2.25)
    assert found.posterior == pytest.approx(np.array([[1.75, 0.5], [0.5, 1.75]]) / 2.25)
    assert found.log_likelihood == pytest.approx(2 * log(0.5))


def test_weights_are_rows_that_are_there_so_often() -> None:
    counts = np.random.default_rng(2).integers(0, 4, size=VOTES.shape[1])
    repeated = np.repeat(VOTES, counts, axis=1)
    weighted = dawid_skene(VOTES, 3, weights=counts)
    by_hand = dawid_skene(repeated, 3)
    assert weighted.class_prior == pytest.approx(by_hand.class_prior)
    assert weighted.confusions == pytest.approx(by_hand.confusions)
    assert weighted.accuracies == pytest.approx(by_hand.accuracies)
    assert np.repeat(weighted.posterior, counts, axis=0) == pytest.approx(by_hand.posterior)
    assert weighted.log_likelihood == pytest.approx(by_hand.log_likelihood)


def test_a_renamed_class_and_another_order_change_nothing_but_names() -> None:
    order, names = np.random.default_rng(3).permutation(VOTES.shape[1]), np.array([2, 0, 1])
    renamed = np.where(VOTES >= 0, names[VOTES], -1)[::-1, order]
    found, other = dawid_skene(VOTES, 3), dawid_skene(renamed, 3)
    assert other.posterior[:, names] == pytest.approx(found.posterior[order], abs=1e-6)
    assert other.accuracies[::-1] == pytest.approx(found.accuracies, abs=1e-6)


def test_who_never_votes_and_what_nobody_votes_on_say_nothing() -> None:
    silent = np.full((1, VOTES.shape[1]), -1)
    found, without = dawid_skene(np.concatenate([VOTES, silent]), 3), dawid_skene(VOTES, 3)
    assert np.isnan(found.accuracies[-1])
    assert found.posterior == pytest.approx(without.posterior, abs=1e-6)
    empty = np.concatenate([VOTES, np.full((len(VOTES), 1), -1)], axis=1)
    unseen = dawid_skene(empty, 3)
    assert unseen.posterior[-1] == pytest.approx(unseen.class_prior)


def test_certain_raters_that_contradict_each_other_stay_finite() -> None:
    votes = np.array([[0, 0, 0, 1, 1, 1] * 50, [0, 0, 0, 1, 1, 1] * 49 + [0, 0, 0, 1, 1, 0]])
    found = dawid_skene(votes, 2, settings=Settings(right=0.0, wrong=1e-9, classes=0.0))
    assert np.isfinite(found.posterior).all()
    assert np.isfinite(found.log_likelihood)
    assert found.posterior.sum(axis=1) == pytest.approx(1)


def test_shares_of_votes_are_counted() -> None:
    shares = vote_shares(np.array([[0, 2, -1], [1, 2, -1]]), 3)
    assert shares == pytest.approx(np.array([[0.5, 0.5, 0], [0, 0, 1], [1 / 3, 1 / 3, 1 / 3]]), abs=1e-9)
    assert exp(0) == pytest.approx(shares.sum(axis=1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dawid_skene(np.array([[0, 3]]), 3), "votes must be from -1 to 2, but got 3"),
        (lambda: dawid_skene(np.array([[0, -2]]), 3), "votes must be from -1 to 2, but got -2"),
        (lambda: dawid_skene(np.zeros(3, dtype=np.int64), 3), r"votes must be of shape \(raters, rows\)"),
        (lambda: dawid_skene(np.zeros((0, 3), dtype=np.int64), 3), "at least one of each"),
        (lambda: dawid_skene(VOTES, 1), "classes must be at least 2, but got 1"),
        (lambda: dawid_skene(VOTES, 3, start=np.ones((60, 2))), r"start must be of shape \(60, 3\)"),
        (lambda: dawid_skene(VOTES, 3, weights=np.ones(59)), "weights must be 60 numbers"),
        (lambda: dawid_skene(VOTES, 3, weights=-np.ones(60)), "weights must be 60 numbers of 0 or more"),
        (lambda: dawid_skene(VOTES, 3, weights=np.zeros(60)), "there is no such row"),
        (lambda: dawid_skene(np.full((2, 4), -1), 3), "votes must be on one row at least"),
        (lambda: Settings(wrong=0.0), "wrong must be positive"),
        (lambda: Settings(right=-1.0), "right must not be negative"),
        (lambda: Settings(iterations=0), "iterations must be positive"),
    ],
)
def test_what_does_not_fit_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
