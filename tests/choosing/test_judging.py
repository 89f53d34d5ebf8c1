"""The consensus finds out how good candidates are that err independently, and says how sure it is."""

import attrs
import numpy as np
import pytest
from acclimate.framework.choosing import judge, rank
from acclimate.framework.layout import JOINT
from bits import assert_same_bits

from .made_statements import TASK, make_statements

RIGHT = {"source-only": 0.4, "coral": 0.7, "mmd": 0.6, "rna": 0.85, "osan": 0.65}


def test_scores_and_estimates_are_near_the_truth() -> None:
    statements, labels = make_statements(RIGHT)
    found, scores = judge(statements, TASK), rank(statements, TASK)
    for name, statement in statements.items():
        logits, verdict = statement.target.logits["label"], found.verdicts[name]
        truth = {head: (values.argmax(axis=1) == labels).mean() for head, values in logits.items()}
        assert verdict.score == pytest.approx(truth[JOINT], abs=0.04)
        assert verdict.score == pytest.approx(scores[name])
        # Joint heads are no raters here, and where raters are at odds, the consensus trusts none of them wholly.
        assert verdict.estimate.accuracy == pytest.approx(truth[JOINT], abs=0.1)
        assert verdict.estimate.interval.low < verdict.estimate.accuracy < verdict.estimate.interval.high
        for modality, accuracy in verdict.modalities.items():
            assert accuracy == pytest.approx(truth[modality], abs=0.06)
    assert max(scores, key=lambda name: scores[name]) == "rna"


def test_gains_are_over_the_first() -> None:
    statements, _ = make_statements(RIGHT)
    verdicts = judge(statements, TASK).verdicts
    first, best = verdicts["source-only"], verdicts["rna"]
    assert best.gain.difference == pytest.approx(best.estimate.accuracy - first.estimate.accuracy)
    assert best.gains == pytest.approx((best.score - first.score, best.agreement - first.agreement))
    assert 0 < best.gain.interval.low < best.gain.difference < best.gain.interval.high
    assert first.gain.difference == pytest.approx(0.0)
    assert first.gains == pytest.approx((0.0, 0.0))


def test_claims_are_held_against_what_they_are_worth_on_the_source() -> None:
    statements, _ = make_statements(RIGHT)
    # Candidates that are sure and all wrong on every fifth row of the source.
    wrong = np.arange(300) % 5 == 0
    labels = {"label": (statements["rna"].labels["label"] + wrong) % 4}
    spoilt = {name: attrs.evolve(found, labels=labels) for name, found in statements.items()}
    before, after = judge(statements, TASK), judge(spoilt, TASK)
    corrections = [found.consensus.correction for found in (before, after)]
    assert corrections == pytest.approx([1.0, 0.8], abs=0.02)
    ratio = corrections[1] / corrections[0]
    for name, verdict in after.verdicts.items():
        assert verdict.score == pytest.approx(before.verdicts[name].score * ratio)


def test_rows_of_one_group_are_drawn_together() -> None:
    statements, _ = make_statements(RIGHT, groups=[f"speaker {row // 200}" for row in range(600)])
    grouped = judge(statements, TASK, statements["rna"].groups).verdicts["source-only"].estimate
    alone = judge(statements, TASK).verdicts["source-only"].estimate
    assert (grouped.groups, alone.groups) == (3, None)
    assert grouped.accuracy == pytest.approx(alone.accuracy)
    assert grouped.interval != alone.interval


def test_in_which_order_candidates_are_changes_no_score() -> None:
    statements, _ = make_statements(RIGHT)
    found, other = rank(statements, TASK), rank(dict(reversed(statements.items())), TASK)
    for name, score in found.items():
        assert other[name] == pytest.approx(score, abs=1e-6)


def test_the_same_twice_is_the_same() -> None:
    statements, _ = make_statements(RIGHT)
    assert_same_bits(judge(statements, TASK).posterior, judge(statements, TASK).posterior)
