"""Learning curves: every number of a log, at the number of epochs done."""

import pytest
from acclimate.framework import RunError
from acclimate.framework.measures import Curve, read_curves

EPOCH = {
    "kind": "epoch",
    "epoch": 0,
    "stage": "only",
    "source_accuracy": 0.5,
    "target": {"modality_agreement": 0.25},
    "measures": {"alignment/balance/audio": 0.75},
}
ORACLE = {
    "target": {"verb": {"fused": 0.5, "audio": 0.25}},
    "lessons": {"verb": {"score": None, "kept": 0.0}, "noun": {"score": 0.9, "kept": 0.5}},
}


def test_rows_become_curves() -> None:
    rows = [
        {"kind": "step", "step": 10, "progress": 0.25, "losses": {"total": 3.0}},
        EPOCH,
        {"kind": "step", "step": 20, "progress": 0.75, "losses": {"total": 2.0, "late/term": 1.0}},
        {**EPOCH, "epoch": 1, "source_accuracy": 0.75, "measures": {}, "oracle": ORACLE},
        {"kind": "something else"},
    ]
    curves = read_curves(rows, epochs=2)
    assert curves.losses == {"total": Curve((0.5, 1.5), (3.0, 2.0)), "late/term": Curve((1.5,), (1.0,))}
    assert curves.source_score == Curve((1.0, 2.0), (0.5, 0.75))
    assert curves.target_scores == {"modality_agreement": Curve((1.0, 2.0), (0.25, 0.25))}
    assert curves.measures == {"alignment/balance/audio": Curve((1.0,), (0.75,))}
    assert curves.oracle == {"verb/fused": Curve((2.0,), (0.5,)), "verb/audio": Curve((2.0,), (0.25,))}
    assert curves.lessons == {
        "verb/kept": Curve((2.0,), (0.0,)),
        "noun/score": Curve((2.0,), (0.9,)),
        "noun/kept": Curve((2.0,), (0.5,)),
    }


def test_an_empty_log_has_no_curves() -> None:
    curves = read_curves([], epochs=1)
    assert curves.source_score == Curve((), ())
    assert not curves.losses


@pytest.mark.parametrize("row", [{"kind": "step", "losses": {}}, {**EPOCH, "target": None}, {**EPOCH, "oracle": 1}])
def test_a_row_that_lacks_something_is_one_line(row: dict[str, object]) -> None:
    with pytest.raises(RunError, match=f"damaged: a row of kind '{row['kind']}'"):
        read_curves([row], epochs=1)
