"""Measures against golden arrays and definitions."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from acclimate.framework.evaluation.metrics import (
    accuracy,
    balanced_accuracy,
    confusion_matrix,
    macro_f1,
    mean_absolute_error,
    pearson,
    rounded_accuracy,
    sign_accuracy,
    sign_weighted_f1,
    top_k_accuracy,
    weighted_f1,
)
from bits import assert_same_bits
from numpy.typing import NDArray

GOLDENS = Path(__file__).parent / "goldens"
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 4, 200)
PREDICTIONS = RANDOM.integers(0, 4, 200)


def golden(name: str) -> dict[str, NDArray[Any]]:
    """Arrays of a golden file by name."""
    with np.load(GOLDENS / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


@pytest.mark.parametrize("case", ["00", "01"])
def test_classification_goldens(case: str) -> None:
    arrays = golden(f"metrics_classification__{case}")
    labels, scores = arrays["in__y_true"], arrays["in__scores"]
    predictions = scores.argmax(axis=1)
    assert_same_bits(predictions, arrays["out__y_pred"])
    assert accuracy(labels, predictions) == pytest.approx(float(arrays["out__accuracy"]), abs=1e-12)
    assert weighted_f1(labels, predictions) == pytest.approx(float(arrays["out__weighted_f1"]), abs=1e-12)
    assert macro_f1(labels, predictions) == pytest.approx(float(arrays["out__macro_f1"]), abs=1e-12)
    found = [top_k_accuracy(labels, scores, int(k)) for k in arrays["out__topk_k"]]
    assert found == pytest.approx(arrays["out__topk"].tolist(), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ["00", "01"])
def test_regression_goldens(case: str, dtype: type[np.floating[Any]]) -> None:
    arrays = golden(f"metrics_regression__{case}")
    tolerances = json.loads((GOLDENS / f"metrics_regression__{case}.json").read_text())["tolerance_float32"]
    labels, predictions = arrays["in__y_true"].astype(dtype), arrays["in__y_pred"].astype(dtype)
    found = {
        "mae": mean_absolute_error(labels, predictions),
        "pearson": pearson(labels, predictions),
        "acc7": rounded_accuracy(labels, predictions, 3),
        "acc5": rounded_accuracy(labels, predictions, 2),
        "acc2_has0": sign_accuracy(labels, predictions, zeros=True),
        "acc2_non0": sign_accuracy(labels, predictions, zeros=False),
        "f1_has0": sign_weighted_f1(labels, predictions, zeros=True),
        "f1_non0": sign_weighted_f1(labels, predictions, zeros=False),
    }
    assert {f"out__{name}" for name in found} == {name for name in arrays if name.startswith("out__")}
    for name, value in found.items():
        # The authors' code counts in float32 and we in float64, whatever the type of the numbers.
        assert value == pytest.approx(float(arrays[f"out__{name}"]), abs=tolerances[f"out__{name}"]["atol"]), name


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_that_occur() -> None:
    matrix = confusion_matrix(LABELS, PREDICTIONS, classes=6)
    occurring = matrix.sum(axis=1) > 0
    recall = matrix.diagonal()[occurring] / matrix.sum(axis=1)[occurring]
    assert balanced_accuracy(LABELS, PREDICTIONS) == pytest.approx(recall.mean())


def test_balanced_accuracy_is_blind_to_class_sizes() -> None:
    labels, predictions = np.repeat([0, 1, 2], [1000, 10, 1]), np.zeros(1011, dtype=np.int64)
    assert accuracy(labels, predictions) > 0.98
    assert balanced_accuracy(labels, predictions) == pytest.approx(1 / 3)


def test_a_prediction_of_a_class_that_does_not_occur_is_wrong_and_no_class_of_its_own() -> None:
    assert balanced_accuracy(np.array([0, 0, 1]), np.array([0, 5, 1])) == pytest.approx(0.75)


def test_top_one_is_the_accuracy_also_where_scores_are_equal() -> None:
    scores = RANDOM.integers(0, 2, (200, 4)).astype(float)
    assert top_k_accuracy(LABELS, scores, 1) == accuracy(LABELS, scores.argmax(axis=1))


def test_top_k_grows_to_one() -> None:
    scores = RANDOM.normal(size=(200, 4))
    found = [top_k_accuracy(LABELS, scores, k) for k in range(1, 5)]
    assert found == sorted(found)
    assert found[0] < 1
    assert found[-1] == 1


def test_confusion_matrix_counts_every_sample() -> None:
    matrix = confusion_matrix(LABELS, PREDICTIONS, classes=4)
    assert matrix.sum() == 200
    assert matrix[1, 2] == np.sum((LABELS == 1) & (PREDICTIONS == 2))
    assert matrix.trace() / 200 == pytest.approx(accuracy(LABELS, PREDICTIONS))


@pytest.mark.parametrize("measure", [accuracy, balanced_accuracy, macro_f1, weighted_f1])
def test_perfect_and_hopeless(measure: Callable[[Any, Any], float]) -> None:
    assert measure(LABELS, LABELS) == 1
    assert measure(LABELS, (LABELS + 1) % 4) == 0


@pytest.mark.parametrize("measure", [accuracy, balanced_accuracy, macro_f1, weighted_f1])
def test_names_of_classes_do_not_matter(measure: Callable[[Any, Any], float]) -> None:
    renamed = np.array([7, 3, 9, 1])
    assert measure(renamed[LABELS], renamed[PREDICTIONS]) == pytest.approx(measure(LABELS, PREDICTIONS))


def test_pearson_is_blind_to_scale_and_shift_and_sees_the_sign() -> None:
    first = RANDOM.normal(size=50)
    second = first + RANDOM.normal(size=50)
    found = pearson(first, second)
    assert found == pytest.approx(np.corrcoef(first, second)[0, 1])
    assert pearson(3 * first + 10, 1000 + 0.1 * second) == pytest.approx(found)
    assert pearson(first, -second) == pytest.approx(-found)


@pytest.mark.parametrize("size", [1, 3])
def test_pearson_of_what_does_not_vary_is_zero(size: int) -> None:
    assert pearson(np.full(size, 0.1, np.float32), np.arange(size, dtype=np.float32)) == 0


def test_mean_absolute_error_does_not_round_to_the_labels_type() -> None:
    assert mean_absolute_error(np.array([1, 2]), np.array([1.25, 2.25])) == pytest.approx(0.25)


def test_seven_classes_of_sentiment_by_hand() -> None:
    """Halves go to the even number, and what lies outside is cut off before it is rounded."""
    labels = np.array([0.5, 1.5, 2.5, -2.5, 3.0, -3.0, 0.4])
    predictions = np.array([0.0, 2.0, 3.0, -2.0, 9.0, -2.51, -0.5])
    assert rounded_accuracy(labels, predictions, 3) == pytest.approx(6 / 7)
    # With five classes, what is beyond two is two: 2.5 and 3 are then the same, and so is all else.
    assert rounded_accuracy(labels, predictions, 2) == 1
    with pytest.raises(ValueError, match="limit must be positive, but got 0"):
        rounded_accuracy(labels, predictions, 0)


def test_signs_by_hand() -> None:
    """A label of zero counts as non-negative or not at all; a prediction of zero as non-negative, or as negative."""
    labels = np.array([0.0, 0.0, 1.0, 2.0, -1.0, -2.0])
    predictions = np.array([0.0, -0.1, 0.0, 1.0, 0.0, -1.0])
    assert sign_accuracy(labels, predictions, zeros=True) == pytest.approx(4 / 6)
    assert sign_accuracy(labels, predictions, zeros=False) == pytest.approx(3 / 4)
    # Negative: 1 hit of 2 labels and 2 predictions; non-negative: 3 hits of 4 labels and 4 predictions.
    assert sign_weighted_f1(labels, predictions, zeros=True) == pytest.approx((2 * 0.5 + 4 * 0.75) / 6)
    # Negative: 2 hits of 2 labels and 3 predictions; positive: 1 hit of 2 labels and 1 prediction.
    assert sign_weighted_f1(labels, predictions, zeros=False) == pytest.approx((2 * 0.8 + 2 * 2 / 3) / 4)
    with pytest.raises(ValueError, match="labels must hold another number than zero"):
        sign_accuracy(np.zeros(3), np.ones(3), zeros=False)


def test_weights_of_f1_are_the_labels_and_not_the_predictions() -> None:
    labels, predictions = np.array([-1.0, -1.0, 1.0, 1.0]), np.array([-1.0, -1.0, -1.0, -1.0])
    # Negative: 2 hits of 2 labels and 4 predictions; positive: never predicted.
    assert sign_weighted_f1(labels, predictions, zeros=True) == pytest.approx(2 / 4 * 2 / 3)
    assert sign_weighted_f1(predictions, labels, zeros=True) == pytest.approx(2 / 3)


EMPTY = np.zeros(0, dtype=np.int64)
MEASURES = [
    accuracy,
    balanced_accuracy,
    macro_f1,
    weighted_f1,
    mean_absolute_error,
    pearson,
    partial(rounded_accuracy, limit=3),
    partial(sign_accuracy, zeros=True),
    partial(sign_weighted_f1, zeros=False),
]


@pytest.mark.parametrize("measure", MEASURES)
def test_refuses_no_samples(measure: Callable[[Any, Any], float]) -> None:
    with pytest.raises(ValueError, match=r"labels must be a vector of at least one, but got the shape \(0,\)"):
        measure(EMPTY, EMPTY)


@pytest.mark.parametrize("measure", MEASURES)
def test_refuses_other_shapes(measure: Callable[[Any, Any], float]) -> None:
    with pytest.raises(ValueError, match=r"predictions must have the shape of labels, \(200,\), but got \(199,\)"):
        measure(LABELS, PREDICTIONS[1:])
    with pytest.raises(ValueError, match=r"labels must be a vector .* shape \(200, 1\)"):
        measure(LABELS[:, np.newaxis], PREDICTIONS[:, np.newaxis])


@pytest.mark.parametrize(
    ("labels", "scores", "k", "message"),
    [
        (LABELS, np.zeros((200, 4)), 5, "k must be from 1 to the number of classes, 4, but got 5"),
        (LABELS, np.zeros((200, 4)), 0, "k must be from 1 .* but got 0"),
        (LABELS, np.zeros((199, 4)), 1, r"scores must be of shape \(200, classes\), but got \(199, 4\)"),
        (LABELS, np.zeros(200), 1, r"scores must be of shape \(200, classes\), but got \(200,\)"),
        (LABELS, np.zeros((200, 3)), 1, "labels must be from 0 to 2, but got 3"),
        (EMPTY, np.zeros((0, 3)), 1, "labels must be a vector of at least one"),
    ],
)
def test_top_k_refuses(labels: NDArray[np.int64], scores: NDArray[np.float64], k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        top_k_accuracy(labels, scores, k)


def test_confusion_matrix_refuses_indices_out_of_range() -> None:
    with pytest.raises(ValueError, match="predictions must be from 0 to 1, but got 2"):
        confusion_matrix(np.array([0, 1]), np.array([0, 2]), classes=2)
    with pytest.raises(ValueError, match="labels must be from 0 to 1, but got -1"):
        confusion_matrix(np.array([0, -1]), np.array([0, 0]), classes=2)
