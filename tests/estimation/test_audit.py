"""Audits: by hand, without bias, and intervals that hold the truth as often as they say, over seeded simulations."""

from itertools import combinations

import numpy as np
import pytest
from acclimate.framework.estimation.audit import Audited, audit_accuracy, audit_gain, pick_audited
from acclimate.framework.estimation.audit_design import AuditDesign, draw_audit
from acclimate.framework.evaluation.intervals import Interval, wilson_interval
from numpy.typing import NDArray

REPEATS = 400


def population(rows: int, accuracies: list[float], seed: int) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """Candidates that are wrong on rows that are hard for all, and labels."""
    generator = np.random.default_rng(seed)
    truth, hard = generator.integers(4, size=rows), generator.random(rows)
    wrong = (truth + generator.integers(1, 4, size=(len(accuracies), rows))) % 4
    own = (hard + generator.random((len(accuracies), rows))) / 2
    cut = [np.quantile(own[position], accuracy) for position, accuracy in enumerate(accuracies)]
    votes = np.where(own > np.array(cut)[:, np.newaxis], wrong, truth)
    return {f"candidate {position}": row for position, row in enumerate(votes)}, truth


@pytest.mark.parametrize(("accuracies", "labels"), [([0.62, 0.81, 0.75], 30), ([0.9, 0.97, 0.5], 60), ([0.7, 0.7], 30)])
def test_audits_have_no_bias_and_hold_the_truth(accuracies: list[float], labels: int) -> None:
    votes, truth = population(900, accuracies, seed=1)
    first, second = (votes[f"candidate {position}"] for position in (0, 1))
    accuracy, gain = (second == truth).mean(), (second == truth).mean() - (first == truth).mean()
    found: dict[str, list[Audited]] = {"accuracy": [], "gain": []}
    for seed in range(REPEATS):
        design = draw_audit(votes, labels, np.random.default_rng(seed))
        assert len(design.rows) == labels
        answers = truth[design.rows]
        found["accuracy"].append(audit_accuracy(design, second[design.rows], answers))
        found["gain"].append(audit_gain(design, second[design.rows], first[design.rows], answers))
    for name, expected in (("accuracy", accuracy), ("gain", gain)):
        values = np.array([one.value for one in found[name]])
        assert values.mean() == pytest.approx(expected, abs=4 * values.std() / np.sqrt(REPEATS))
        held = np.mean([one.interval.low <= expected <= one.interval.high for one in found[name]])
        assert held >= 0.92, (name, held)


def test_the_gain_of_thirty_labels_is_known_better_than_by_rows_at_random() -> None:
    votes, truth = population(900, [0.62, 0.85], seed=2)
    first, second = votes.values()
    drawn, plain = [], []
    for seed in range(REPEATS):
        generator = np.random.default_rng(seed)
        design = draw_audit(votes, 30, generator)
        drawn.append(audit_gain(design, second[design.rows], first[design.rows], truth[design.rows]).value)
        rows = generator.choice(900, 30, replace=False)
        plain.append((second[rows] == truth[rows]).mean() - (first[rows] == truth[rows]).mean())
    assert np.std(drawn) < 0.9 * np.std(plain)


def test_every_draw_of_a_small_table_has_the_chance_that_is_said() -> None:
    """The mean over all designs that there could be, each as likely, is the truth itself."""
    one = np.array([0, 0, 0, 1, 1])
    truth = np.array([0, 1, 0, 1, 0])
    values = []
    for agreed in combinations(range(3), 2):
        for contested in (3, 4):
            design = AuditDesign(np.array([*agreed, contested]), np.array([False, False, True]), (3, 2))
            assert design.chances == pytest.approx([2 / 3, 2 / 3, 1 / 2])
            values.append(audit_accuracy(design, one[design.rows], truth[design.rows]).value)
            weighted = float(((one == truth)[design.rows] / design.chances).sum() / 5)
            assert values[-1] == pytest.approx(weighted)
    assert np.mean(values) == pytest.approx((one == truth).mean())


def test_labels_go_to_rows_on_which_candidates_differ() -> None:
    votes, _ = population(500, [0.6, 0.8], seed=3)
    first, second = votes.values()
    design = draw_audit(votes, 40, np.random.default_rng(0))
    assert (design.contested == (first != second)[design.rows]).all()
    assert design.contested.sum() == 30
    assert design.sizes == (int((first == second).sum()), int((first != second).sum()))
    same = draw_audit({"one": first, "twin": first}, 40, np.random.default_rng(0))
    assert same.sizes == (500, 0)
    assert len(same.rows) == 40
    everything = draw_audit({"one": first[:12], "other": second[:12]}, 40, np.random.default_rng(0))
    assert len(everything.rows) == 12
    assert everything.chances == pytest.approx(1)


def test_where_all_rows_are_labelled_nothing_is_left_to_chance() -> None:
    votes, truth = population(40, [0.6, 0.8], seed=4)
    first, second = votes.values()
    design = draw_audit(votes, 40, np.random.default_rng(0))
    accuracy = audit_accuracy(design, second[design.rows], truth[design.rows])
    gain = audit_gain(design, second[design.rows], first[design.rows], truth[design.rows])
    assert accuracy.value == pytest.approx((second == truth).mean())
    assert (accuracy.interval.low, accuracy.interval.high) == pytest.approx((accuracy.value, accuracy.value))
    assert gain.value == pytest.approx((second == truth).mean() - (first == truth).mean())
    assert (gain.interval.low, gain.interval.high) == pytest.approx((gain.value, gain.value))


def test_an_accuracy_of_one_stratum_has_the_interval_of_wilson() -> None:
    design = AuditDesign(np.arange(10), np.zeros(10, np.bool_), (200, 0))
    found = audit_accuracy(design, np.zeros(10, np.int64), np.repeat([0, 1], [9, 1]))
    expected = wilson_interval(9, 10, 0.95)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))


def test_candidates_that_agree_gain_nothing_over_each_other() -> None:
    design = AuditDesign(np.arange(10), np.zeros(10, np.bool_), (200, 0))
    votes = np.zeros(10, np.int64)
    assert audit_gain(design, votes, votes, votes) == Audited(0.0, Interval(0.0, 0.0), 0)


def test_the_pick_is_the_best_if_it_is_surely_better() -> None:
    votes, truth = population(900, [0.55, 0.85, 0.6], seed=5)
    design = draw_audit(votes, 60, np.random.default_rng(0))
    drawn = {name: row[design.rows] for name, row in votes.items()}
    name, gain = pick_audited(design, drawn, truth[design.rows], "candidate 0")
    assert name == "candidate 1"
    assert gain.interval.low > 0
    name, _ = pick_audited(design, drawn, truth[design.rows], "candidate 1")
    assert name == "candidate 1"
    assert pick_audited(design, {"one": drawn["candidate 0"]}, truth[design.rows], "one")[0] == "one"


def test_a_pick_is_seldom_made_where_nothing_is_gained() -> None:
    votes, truth = population(900, [0.7, 0.7, 0.7, 0.7, 0.7], seed=6)
    picked = []
    for seed in range(REPEATS):
        design = draw_audit(votes, 30, np.random.default_rng(seed))
        drawn = {name: row[design.rows] for name, row in votes.items()}
        picked.append(pick_audited(design, drawn, truth[design.rows], "candidate 0")[0] != "candidate 0")
    assert np.mean(picked) < 0.05


def test_what_does_not_fit_is_refused() -> None:
    votes, _ = population(50, [0.6, 0.8], seed=0)
    with pytest.raises(ValueError, match="labels must be at least 10, but got 9"):
        draw_audit(votes, 9, np.random.default_rng(0))
    with pytest.raises(ValueError, match="predictions must be of one candidate at least"):
        draw_audit({}, 20, np.random.default_rng(0))
    with pytest.raises(ValueError, match="all of the same rows"):
        draw_audit({"one": np.zeros(5, np.int64), "other": np.zeros(6, np.int64)}, 20, np.random.default_rng(0))
    design = draw_audit(votes, 20, np.random.default_rng(0))
    with pytest.raises(ValueError, match="one for each drawn row"):
        audit_accuracy(design, np.zeros(3, np.int64), np.zeros(20, np.int64))
