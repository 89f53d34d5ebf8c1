"""How agreement is measured."""

import numpy as np
import pytest
from acclimate.exporters.agreement import compare_logits, correlation, cosine, score_logits
from acclimate.exporters.artefact import ArtefactConfig
from acclimate.framework import Task
from acclimate.framework.data.arrays import Arrays
from acclimate.framework.data.preprocessing import FeaturesPreprocessing
from acclimate.framework.data.schema import Schema

PART = FeaturesPreprocessing(mean=[0.0], std=[1.0])
SCHEMA = Schema({"ear": PART, "eye": PART, "nose": PART}, (Task("label", ("a", "b")), Task("size")))
CONFIG = ArtefactConfig(schema=SCHEMA, opset=20, recipe=None, versions={}, metadata={})
PRESENT = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [1, 1, 0]], np.bool_)
LABEL = np.array([[2, 1], [1, 2], [3, 0], [0, 1]], np.float32)
SIZE = np.array([[1], [2], [3], [4]], np.float32)


def logits(label: np.ndarray, size: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    names = ("joint", "ear", "eye", "nose")
    return {"label": dict.fromkeys(names, label), "size": dict.fromkeys(names, size)}


def test_rows_count_where_they_have_the_modality() -> None:
    changed = LABEL.copy()
    changed[1] = changed[1, ::-1]
    found = compare_logits(logits(changed, 2 * SIZE), logits(LABEL, SIZE), PRESENT, CONFIG)
    assert {name: (one.rows, one.agreement) for name, one in found["label"].items()} == {
        "joint": (4, pytest.approx(0.75)),
        "ear": (4, pytest.approx(0.75)),
        "eye": (3, pytest.approx(1.0)),
    }
    assert found["label"]["eye"].cosine == pytest.approx(1.0)
    assert found["label"]["joint"].cosine == pytest.approx((5 + 4 + 9 + 1) / 20)
    assert found["size"]["joint"].agreement == pytest.approx(1.0)


def test_scores_are_those_of_the_rows_that_have_the_modality() -> None:
    labels = {"label": np.array([0, 0, 0, 1]), "size": np.array([1, 2, 3, 8], np.float32)}
    names = ("a", "b", "c", "d")
    part = np.zeros((4, 1), np.float32)
    rows = Arrays({"ear": part, "eye": part, "nose": part}, PRESENT, labels, names, names, np.arange(4))
    found = score_logits(logits(LABEL, SIZE), rows, CONFIG)
    assert found["label"] == pytest.approx({"joint": 0.75, "ear": 0.75, "eye": 1.0})
    assert found["size"]["joint"] == pytest.approx(1.0)
    assert found["size"]["eye"] == pytest.approx(4 / 3)


def test_what_does_not_vary_agrees_only_with_itself() -> None:
    same, other = np.full(3, 2.0), np.array([1.0, 2.0, 3.0])
    assert (correlation(same, same), correlation(same, other)) == pytest.approx((1.0, 0.0))
    assert (cosine(0 * same, 0 * same), cosine(0 * same, other)) == pytest.approx((1.0, 0.0))
    assert correlation(-other, other) == pytest.approx(-1.0)
