"""Opinions, votes, EnsV's role model and the weights of IWA: by hand, and against least squares with labels."""

import numpy as np
import pytest
from acclimate.framework.consensus.ensemble import mean_probabilities, role_model_agreement
from acclimate.framework.consensus.importance_weighted_aggregation import importance_weighted_aggregation
from acclimate.framework.consensus.opinion import (
    Opinion,
    Rater,
    cast_votes,
    joint_probabilities,
    list_raters,
    softmax,
)
from bits import assert_same_bits

GENERATOR = np.random.default_rng(4)
PRESENT = np.array([[True, False], [True, True], [False, True]])


def opinion(seed: int) -> Opinion:
    generator = np.random.default_rng(seed)
    names = ("joint", "audio", "image")
    return Opinion({"digit": {name: generator.normal(size=(3, 4)).astype(np.float32) for name in names}}, PRESENT)


def test_votes_are_cast_model_by_model_and_absent_modalities_abstain() -> None:
    first, second = opinion(0), opinion(1)
    logits = first.logits["digit"]
    assert list_raters([first, second], "both")[3:5] == [Rater(1, "joint"), Rater(1, "audio")]
    both = cast_votes([first, second], "digit", "both")
    assert_same_bits(both[0], logits["joint"].argmax(axis=1))
    assert_same_bits(both[1], [*logits["audio"].argmax(axis=1)[:2], -1])
    assert_same_bits(both[2], [-1, *logits["image"].argmax(axis=1)[1:]])
    assert_same_bits(cast_votes([first, second], "digit"), both[[0, 3]])
    assert_same_bits(cast_votes([first, second], "digit", "modalities"), both[[1, 2, 4, 5]])


def test_probabilities_are_softmax_of_joint_logits() -> None:
    found = joint_probabilities([opinion(0), opinion(1)], "digit")
    raw = np.exp(opinion(1).logits["digit"]["joint"].astype(float))
    assert found.shape == (2, 3, 4)
    assert found[1] == pytest.approx(raw / raw.sum(axis=1, keepdims=True))


def test_the_role_model_is_the_mean_and_not_the_majority() -> None:
    """Two candidates lean to class 1 by a hair, one is sure of class 0: the mean is of class 0."""
    probabilities = np.array([[[0.99, 0.01]], [[0.49, 0.51]], [[0.49, 0.51]]])
    assert mean_probabilities(probabilities) == pytest.approx(np.array([[1.97, 1.03]]) / 3)
    assert role_model_agreement(probabilities) == pytest.approx([1, 0, 0])


def test_agreement_with_the_role_model_is_counted_row_by_row() -> None:
    probabilities = softmax(GENERATOR.normal(size=(5, 40, 3)))
    expected = []
    for candidate in range(5):
        same = 0
        for row in range(40):
            means = [sum(probabilities[k, row, c] for k in range(5)) for c in range(3)]
            same += max(range(3), key=means.__getitem__) == max(range(3), key=probabilities[candidate, row].__getitem__)
        expected.append(same / 40)
    assert role_model_agreement(probabilities) == pytest.approx(expected)


def test_weights_are_those_of_least_squares_with_labels_where_both_sides_are_one() -> None:
    """Without a shift, IWA's weights are the regression of the labels on the candidates."""
    candidates, labels = softmax(GENERATOR.normal(size=(3, 50, 4))), GENERATOR.integers(4, size=50)
    found = importance_weighted_aggregation(candidates, candidates, labels, np.ones(50))
    expected = np.linalg.lstsq(candidates.reshape(3, -1).T, np.eye(4)[labels].ravel())[0]
    assert found == pytest.approx(expected)
    assert mean_probabilities(candidates, found) == pytest.approx(np.einsum("k,knc->nc", expected, candidates))


def test_weights_follow_the_rows_that_are_likely_on_the_target() -> None:
    """The first candidate is right on the first half of the source, the second on the other, to which the target is."""
    labels = np.repeat([0, 1], 10)
    source = np.stack([np.eye(2)[np.zeros(20, dtype=int)], np.eye(2)[np.ones(20, dtype=int)]])
    weights = np.repeat([0.0, 2.0], 10)
    found = importance_weighted_aggregation(source, source, labels, weights)
    # G is the unit matrix, and g_i the weighted share of rows on which i is right.
    assert found == pytest.approx([0, 1])


def test_candidates_that_say_the_same_share_a_weight() -> None:
    one, labels = softmax(GENERATOR.normal(size=(1, 30, 3))), GENERATOR.integers(3, size=30)
    alone = importance_weighted_aggregation(one, one, labels, np.ones(30))
    twins = np.concatenate([one, one])
    assert importance_weighted_aggregation(twins, twins, labels, np.ones(30)) == pytest.approx(alone.repeat(2) / 2)


ONE = softmax(GENERATOR.normal(size=(2, 5, 3)))
LABELS = np.zeros(5, dtype=np.int64)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: list_raters([], "joint"), "opinions must be one or more"),
        (lambda: joint_probabilities([], "digit"), "of equally many rows"),
        (lambda: mean_probabilities(ONE[0]), "candidates, rows, classes"),
        (lambda: mean_probabilities(ONE, [1.0]), "weights must be 2, one for each candidate, but got 1"),
        (lambda: role_model_agreement(ONE[:, :0]), "one row at least"),
        (lambda: importance_weighted_aggregation(ONE[:1], ONE, LABELS, np.ones(5)), "as many candidates"),
        (lambda: importance_weighted_aggregation(ONE[:, :0], ONE, LABELS, np.ones(5)), "target must be of shape"),
        (lambda: importance_weighted_aggregation(ONE, ONE, LABELS[1:], np.ones(5)), "source's 5 rows"),
        (lambda: importance_weighted_aggregation(ONE, ONE, LABELS, -np.ones(5)), "finite and 0 or more"),
    ],
)
def test_what_does_not_fit_is_refused(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()


def test_opinions_of_other_rows_are_refused() -> None:
    fewer = Opinion({"digit": {name: values[:2] for name, values in opinion(1).logits["digit"].items()}}, PRESENT[:2])
    with pytest.raises(ValueError, match="equally many rows"):
        cast_votes([opinion(0), fewer], "digit")
