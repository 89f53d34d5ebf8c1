"""Each estimate against a second computation: the authors' loop, scipy, or by hand."""

import numpy as np
import pytest
from acclimate.framework.consensus.opinion import Probabilities, Votes, softmax
from acclimate.framework.estimation.agreement_on_the_line import agreement_on_the_line
from acclimate.framework.estimation.average_thresholded_confidence import (
    Score,
    average_thresholded_confidence,
    find_threshold,
    score_rows,
)
from acclimate.framework.estimation.calibration import Calibration, calibrate, calibration_error, find_temperature
from acclimate.framework.estimation.confidence import accuracy_of, difference_of_confidences, mean_confidence
from acclimate.framework.estimation.generalisation_disagreement import agreement_of_runs
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import entropy, norm

GENERATOR = np.random.default_rng(6)
LABELS = GENERATOR.integers(4, size=300)
LOGITS = 3 * GENERATOR.normal(size=(300, 4)) + 4 * np.eye(4)[LABELS]
SOURCE = softmax(LOGITS)
TARGET = softmax(2 * GENERATOR.normal(size=(500, 4)))


def authors_threshold(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """`find_ATC_threshold` of the authors' code, written again: as many wrong rows above as right ones up to it."""
    order = np.argsort(scores)
    wrong_above, right_below = int((~right).sum()), 0
    least, threshold = abs(wrong_above - right_below), -np.inf
    for row in order:
        if right[row]:
            right_below += 1
        else:
            wrong_above -= 1
        if abs(wrong_above - right_below) < least:
            least, threshold = abs(wrong_above - right_below), float(scores[row])
    return threshold


@pytest.mark.parametrize("score", ["maximum_confidence", "negative_entropy"])
def test_atc_is_that_of_the_authors_but_for_the_row_at_the_threshold(score: Score) -> None:
    right = SOURCE.argmax(axis=1) == LABELS
    scores = score_rows(SOURCE, score)
    # They keep the row at their threshold, the last of as many as are wrong; ours is the next row.
    theirs = authors_threshold(scores, right)
    assert (scores <= theirs).sum() == (~right).sum()
    ours = find_threshold(SOURCE, LABELS, score)
    assert ours == pytest.approx(scores[scores > theirs].min())
    counted = sum(1 for row in score_rows(TARGET, score) if row >= ours)
    assert average_thresholded_confidence(SOURCE, LABELS, TARGET, score) == pytest.approx(counted / len(TARGET))
    # On the source itself, the estimate is the accuracy.
    assert average_thresholded_confidence(SOURCE, LABELS, SOURCE, score) == pytest.approx(right.mean())


def test_scores_are_those_of_scipy() -> None:
    assert score_rows(TARGET, "negative_entropy") == pytest.approx(-entropy(TARGET, axis=1))
    assert score_rows(np.eye(3), "negative_entropy") == pytest.approx(0)
    assert score_rows(TARGET, "maximum_confidence") == pytest.approx([max(row) for row in TARGET.tolist()])


def test_a_source_without_a_right_row_promises_nothing() -> None:
    wrong = (SOURCE.argmax(axis=1) + 1) % 4
    assert average_thresholded_confidence(SOURCE, wrong, TARGET) == pytest.approx(0)
    assert average_thresholded_confidence(SOURCE, SOURCE.argmax(axis=1), SOURCE) == pytest.approx(1)


def test_doc_takes_the_fall_of_confidence_from_the_accuracy() -> None:
    by_hand = accuracy_of(SOURCE, LABELS) - (SOURCE.max(axis=1).sum() / 300 - TARGET.max(axis=1).sum() / 500)
    assert difference_of_confidences(SOURCE, LABELS, TARGET) == pytest.approx(by_hand)
    assert difference_of_confidences(SOURCE, LABELS, SOURCE) == pytest.approx(accuracy_of(SOURCE, LABELS))
    sure, wrong = np.eye(2)[[0, 0]], np.array([1, 1])
    assert difference_of_confidences(sure, wrong, np.full((3, 2), 0.5)) == pytest.approx(0)
    assert mean_confidence(np.array([[0.7, 0.3], [0.2, 0.8]])) == pytest.approx(0.75)


def test_agreement_of_runs_is_the_mean_over_pairs() -> None:
    runs = GENERATOR.integers(3, size=(4, 50))
    agreed = [
        sum(int(runs[one, row] == runs[other, row]) for row in range(50)) / 50
        for one in range(4)
        for other in range(one)
    ]
    assert agreement_of_runs(runs) == pytest.approx(sum(agreed) / 6)


def planted(rows: int, errors: list[float]) -> tuple[Votes, NDArray[np.int64]]:
    labels = GENERATOR.integers(5, size=rows)
    wrong = (labels + GENERATOR.integers(1, 5, size=(len(errors), rows))) % 5
    return np.where(GENERATOR.random((len(errors), rows)) < np.array(errors)[:, np.newaxis], wrong, labels), labels


def test_agreement_on_the_line_is_a_line_of_polyfit_on_the_scale_of_scipy() -> None:
    (source, labels), (target, _) = planted(400, [0.1, 0.2, 0.3, 0.5]), planted(700, [0.3, 0.4, 0.45, 0.6])
    pairs = [(one, other) for one in range(4) for other in range(one + 1, 4)]
    before, after = (norm.ppf([(side[one] == side[other]).mean() for one, other in pairs]) for side in (source, target))
    slope, offset = np.polyfit(before, after, 1)
    expected = norm.cdf(slope * norm.ppf((source == labels).mean(axis=1)) + offset)
    assert agreement_on_the_line(source, labels, target) == pytest.approx(expected)


def test_agreement_on_the_line_finds_accuracies_where_errors_are_independent() -> None:
    source, labels = planted(20_000, [0.05, 0.1, 0.15, 0.2])
    target, truth = planted(20_000, [0.15, 0.25, 0.32, 0.4])
    found = agreement_on_the_line(source, labels, target)
    assert found == pytest.approx((target == truth).mean(axis=1), abs=0.05)


def test_agreement_on_the_line_has_an_end_where_all_agree() -> None:
    same = np.tile(LABELS, (3, 1))
    assert agreement_on_the_line(same, LABELS, same) == pytest.approx(norm.cdf(norm.ppf(299.5 / 300)))


def test_temperature_is_that_of_scipys_minimiser() -> None:
    def loss(inverse: float) -> float:
        return -float(log_softmax(LOGITS * inverse, axis=1)[np.arange(300), LABELS].mean())

    best = minimize_scalar(loss, bounds=(0.01, 10), method="bounded", options={"xatol": 1e-10}).x
    assert find_temperature(LOGITS, LABELS) == pytest.approx(1 / best, rel=1e-5)
    # Logits that are twice as large take a temperature that is twice as high.
    assert find_temperature(2 * LOGITS, LABELS) == pytest.approx(2 / best, rel=1e-5)


def test_temperature_stays_between_its_ends() -> None:
    right, wrong = LOGITS.argmax(axis=1), LOGITS.argmin(axis=1)
    assert find_temperature(LOGITS, right) == pytest.approx(0.01)
    assert find_temperature(LOGITS, wrong) == pytest.approx(100)


def looped_error(probabilities: Probabilities, labels: NDArray[np.int64], bins: int) -> float:
    found = 0.0
    for index in range(bins):
        rows = [row for row in range(len(labels)) if index / bins < max(probabilities[row]) <= (index + 1) / bins]
        if rows:
            confidence = sum(max(probabilities[row]) for row in rows) / len(rows)
            right = sum(int(np.argmax(probabilities[row]) == labels[row]) for row in rows) / len(rows)
            found += len(rows) / len(labels) * abs(right - confidence)
    return found


@pytest.mark.parametrize("bins", [1, 7, 15])
def test_calibration_error_is_that_of_a_loop_over_bins(bins: int) -> None:
    assert calibration_error(SOURCE, LABELS, bins) == pytest.approx(looped_error(SOURCE, LABELS, bins))


def test_calibration_says_what_a_temperature_does() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(5000, 3)) * 2
    labels = np.array([generator.choice(3, p=row) for row in softmax(logits)])
    found = calibrate(4 * logits, labels)
    assert isinstance(found, Calibration)
    assert found.temperature == pytest.approx(4, rel=0.1)
    assert found.before > 0.1
    assert found.after < 0.03
    assert found.rows == 5000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_confidence(np.zeros((0, 3))), "probabilities must be of shape"),
        (lambda: accuracy_of(SOURCE, LABELS[1:]), "labels must be 300, one for each row"),
        (lambda: difference_of_confidences(SOURCE, LABELS, SOURCE[:0]), "with a row"),
        (lambda: average_thresholded_confidence(SOURCE, LABELS, TARGET[:0]), "target must be of shape"),
        (lambda: average_thresholded_confidence(SOURCE, LABELS[1:], TARGET), "source and labels must be"),
        (lambda: agreement_of_runs(np.zeros((1, 5), dtype=np.int64)), "two runs and a row"),
        (
            lambda: agreement_on_the_line(
                np.zeros((2, 5), dtype=np.int64), LABELS[:5], np.zeros((2, 5), dtype=np.int64)
            ),
            "three models",
        ),
        (
            lambda: agreement_on_the_line(
                np.zeros((3, 5), dtype=np.int64), LABELS[:4], np.zeros((3, 5), dtype=np.int64)
            ),
            "source's 5 rows",
        ),
        (lambda: find_temperature(LOGITS, LABELS[1:]), "logits and labels"),
        (lambda: calibration_error(SOURCE, LABELS[1:]), "probabilities and labels"),
        (lambda: calibration_error(SOURCE, LABELS, 0), "bins must be positive"),
    ],
)
def test_what_does_not_fit_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
