"""The consensus finds out how good candidates are that err independently, and says how sure it is."""

import attrs
import numpy as np
import pytest
from acclimate.framework.choosing import judge
from acclimate.framework.choosing.resampling import draw_weights
from acclimate.framework.consensus.opinion import cast_votes
from acclimate.framework.evaluation.intervals import Confidence
from acclimate.framework.layout import JOINT
from bits import assert_same_bits

from .made_statements import TASK, make_statements

RIGHT = {"source-only": 0.4, "coral": 0.7, "mmd": 0.6, "rna": 0.85, "osan": 0.65}


def test_estimates_are_near_the_truth_which_their_intervals_hold() -> None:
    statements, labels = make_statements(RIGHT)
    found = judge(statements, TASK)
    for name, statement in statements.items():
        truth = (statement.target.logits["label"][JOINT].argmax(axis=1) == labels).mean()
        estimate = found.estimates[name]
        assert estimate.accuracy == pytest.approx(truth, abs=0.04)
        assert estimate.interval.low < estimate.accuracy < estimate.interval.high
        by_modality = {
            modality: (logits.argmax(axis=1) == labels)[statement.target.present[:, column]].mean()
            for column, (modality, logits) in enumerate(list(statement.target.logits["label"].items())[1:])
        }
        # Their heads are no raters, and where raters are at odds, the consensus trusts none of them wholly.
        assert estimate.modalities == pytest.approx(by_modality, abs=0.1)
    gain = found.estimates["rna"]
    assert gain.gain_interval.low < gain.gain < gain.gain_interval.high
    assert gain.gain == pytest.approx(gain.accuracy - found.estimates["source-only"].accuracy)
    assert found.estimates["source-only"].gain == pytest.approx(0.0)


def test_claims_are_held_against_what_they_are_worth_on_the_source() -> None:
    statements, _ = make_statements(RIGHT)
    # Candidates that are sure and all wrong on every fifth row of the source.
    wrong = np.arange(300) % 5 == 0
    labels = {"label": (statements["rna"].labels["label"] + wrong) % 4}
    spoilt = {name: attrs.evolve(found, labels=labels) for name, found in statements.items()}
    before, after = judge(statements, TASK), judge(spoilt, TASK)
    corrections = [found.role_models[0].correction for found in (before, after)]
    assert corrections == pytest.approx([1.0, 0.8], abs=0.02)
    ratio = corrections[1] / corrections[0]
    for name, estimate in after.estimates.items():
        assert estimate.accuracy == pytest.approx(before.estimates[name].accuracy * ratio)


def test_an_interval_spans_what_all_role_models_say() -> None:
    statements, _ = make_statements(RIGHT)
    found = judge(statements, TASK)
    assert [model.name for model in found.role_models] == ["Dawid-Skene, joint", "Dawid-Skene, modalities", "EnsV"]
    predictions = cast_votes([statement.target for statement in statements.values()], "label")
    for position, estimate in enumerate(found.estimates.values()):
        means = [model.right(predictions)[:, position].mean() for model in found.role_models]
        assert estimate.accuracy == pytest.approx(means[0])
        assert estimate.interval.low < min(means)
        assert estimate.interval.high > max(means)


def test_rows_of_one_group_are_drawn_together() -> None:
    statements, _ = make_statements(RIGHT, groups=[f"speaker {row // 100}" for row in range(600)])
    grouped = judge(statements, TASK, statements["rna"].groups).estimates["source-only"].interval
    alone = judge(statements, TASK).estimates["source-only"].interval
    assert (grouped.low, grouped.high) != (alone.low, alone.high)
    weights = draw_weights(statements["rna"].groups, 600, Confidence(resamples=3))
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert all(len(np.unique(weights[:, start : start + 100], axis=1).T) == 1 for start in range(0, 600, 100))


def test_what_candidates_are_called_and_in_which_order_changes_no_estimate() -> None:
    statements, _ = make_statements(RIGHT)
    turned = dict(reversed(statements.items()))
    found, other = judge(statements, TASK), judge(turned, TASK)
    for name, estimate in found.estimates.items():
        assert other.estimates[name].accuracy == pytest.approx(estimate.accuracy, abs=1e-6)
        assert other.estimates[name].agreement == pytest.approx(estimate.agreement)


def test_the_same_twice_is_the_same() -> None:
    statements, _ = make_statements(RIGHT)
    assert_same_bits(judge(statements, TASK).posterior, judge(statements, TASK).posterior)
