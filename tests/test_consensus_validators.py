"""Scores that compare candidates, or both sides: by hand on few rows, and as the functions that they ask."""

import numpy as np
import pytest
import torch
from acclimate.framework import JOINT, Batch, Candidate, Outputs, Side, Task, Validator
from acclimate.framework.consensus.dawid_skene import dawid_skene
from acclimate.framework.consensus.importance_weighted_aggregation import importance_weighted_aggregation
from acclimate.framework.estimation.agreement_on_the_line import agreement_on_the_line
from acclimate.framework.estimation.average_thresholded_confidence import average_thresholded_confidence
from acclimate.framework.estimation.confidence import difference_of_confidences
from acclimate.framework.validators import (
    AggregationAgreement,
    AgreementOnTheLine,
    AverageThresholdedConfidence,
    DawidSkene,
    DifferenceOfConfidences,
    EnsembleAgreement,
    GeneralisationDisagreement,
)
from acclimate.framework.validators.importance_weights import importance_weights
from torch import Tensor

TASK = Task("digit", ("one", "two", "three"))
LABELS = torch.arange(60) % 3
SURE = 4.0


def noisy(right: float, seed: int) -> Tensor:
    """Classes of which this share is kept; the others are drawn anew."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(3, LABELS.shape, generator=generator)
    return torch.where(torch.rand(LABELS.shape, generator=generator) < right, LABELS, drawn)


def make_side(joint: Tensor, heads: dict[str, Tensor], labels: Tensor | None = None) -> Side:
    rows = len(joint)
    batch = Batch(
        {name: torch.zeros(rows, 0) for name in heads},
        torch.ones(rows, len(heads), dtype=torch.bool),
        torch.zeros(rows, dtype=torch.int64),
        torch.arange(rows),
        tuple(map(str, range(rows))),
        labels=None if labels is None else {"digit": labels},
    )
    logits = {name: SURE * torch.eye(3)[classes] for name, classes in {**heads, JOINT: joint}.items()}
    generator = torch.Generator().manual_seed(0)
    return Side(
        batch, Outputs({JOINT: logits[JOINT] + torch.rand(rows, 3, generator=generator)}, {"digit": logits}, {})
    )


def make_candidate(source: Tensor, target: Tensor, **heads: Tensor) -> Candidate:
    told = heads or {"audio": target}
    return Candidate(make_side(source, dict.fromkeys(told, source), LABELS), make_side(target, told))


CANDIDATES = [
    make_candidate(noisy(0.95, 1), noisy(1.0, 4)),
    make_candidate(noisy(0.9, 2), noisy(0.6, 5)),
    make_candidate(noisy(0.8, 3), noisy(0.3, 6)),
    make_candidate(noisy(0.9, 7), noisy(0.8, 8)),
]


def predictions(side: str) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    sides = [one.source if side == "source" else one.both[1] for one in CANDIDATES]
    return np.stack([one.outputs.joint_logits("digit").argmax(dim=1).numpy() for one in sides])


@pytest.mark.parametrize("validator", [EnsembleAgreement, DawidSkene, GeneralisationDisagreement])
def test_a_consensus_finds_who_is_right(validator: type[Validator]) -> None:
    scores = validator().score(CANDIDATES, TASK)
    right = (predictions("target") == LABELS.numpy()).mean(axis=1)
    assert [*np.argsort(scores)] == [*np.argsort(right)] == [2, 1, 3, 0]


def test_ensemble_and_disagreement_by_hand() -> None:
    classes = [torch.tensor(row) for row in ([0, 1, 2, 2], [0, 1, 2, 0], [0, 0, 2, 0])]
    sides = [make_side(row, {"audio": row}) for row in classes]
    candidates = [Candidate(side, side) for side in sides]
    # The mean says 0 1 2 0.
    assert EnsembleAgreement().score(candidates, TASK) == pytest.approx([0.75, 1.0, 0.75])
    assert GeneralisationDisagreement().score(candidates, TASK) == pytest.approx([0.625, 0.75, 0.625])


def test_dawid_skene_asks_the_heads_that_it_is_told() -> None:
    audio, video = noisy(0.9, 11), noisy(0.7, 12)
    one = make_candidate(noisy(0.9, 1), noisy(0.8, 13), audio=audio, video=video)
    joint = one.target_logits("digit").argmax(dim=1).numpy()
    start = one.target_probabilities("digit").numpy()
    for heads, votes in (
        ("modalities", [audio.numpy(), video.numpy()]),
        ("both", [joint, audio.numpy(), video.numpy()]),
    ):
        posterior = dawid_skene(np.stack(votes), 3, start=start).posterior
        expected = posterior[np.arange(len(joint)), joint].mean()
        assert DawidSkene(heads).score([one], TASK) == pytest.approx([expected])


def test_what_the_consensus_is_worth_on_the_source_lowers_the_scores_alike() -> None:
    plain, corrected = (DawidSkene(corrected=flag).score(CANDIDATES, TASK) for flag in (False, True))
    votes = predictions("source")
    start = np.mean([side.source.outputs.joint_logits("digit").double().softmax(1).numpy() for side in CANDIDATES], 0)
    posterior = dawid_skene(votes, 3, start=start).posterior
    worth = (posterior.argmax(axis=1) == LABELS.numpy()).mean() / posterior.max(axis=1).mean()
    assert [one / other for one, other in zip(corrected, plain, strict=True)] == pytest.approx([min(worth, 1.0)] * 4)
    # Here errors are independent, so the claim is about right.
    assert worth == pytest.approx(1, abs=0.05)


def test_errors_that_all_share_are_seen_on_the_source() -> None:
    shared = noisy(0.6, 21)
    candidates = [make_candidate(shared, shared) for _ in range(3)]
    right = (shared == LABELS).double().mean().item()
    assert DawidSkene().score(candidates, TASK) == pytest.approx([1.0] * 3, abs=0.02)
    assert DawidSkene(corrected=True).score(candidates, TASK) == pytest.approx([right] * 3, abs=0.02)


def test_the_others_are_the_functions_that_they_ask() -> None:
    labels = LABELS.numpy()
    source = [one.source.outputs.joint_logits("digit").double().softmax(1).numpy() for one in CANDIDATES]
    target = [one.target_probabilities("digit").numpy() for one in CANDIDATES]
    pairs = list(zip(source, target, strict=True))
    expected = {
        AverageThresholdedConfidence: [average_thresholded_confidence(one, labels, other) for one, other in pairs],
        DifferenceOfConfidences: [difference_of_confidences(one, labels, other) for one, other in pairs],
        AgreementOnTheLine: agreement_on_the_line(predictions("source"), labels, predictions("target")).tolist(),
    }
    for validator, values in expected.items():
        assert validator().score(CANDIDATES, TASK) == pytest.approx(values), validator
    features = [[side.outputs.features[JOINT] for side in one.both] for one in CANDIDATES]
    rows = np.mean([importance_weights(*both).numpy() for both in features], axis=0)
    weights = importance_weighted_aggregation(np.stack(target), np.stack(source), labels, rows)
    summed = sum(weight * one for weight, one in zip(weights, target, strict=True))
    model = np.asarray(summed).argmax(axis=1)
    assert AggregationAgreement().score(CANDIDATES, TASK) == pytest.approx(
        [(one.argmax(axis=1) == model).mean() for one in target]
    )
