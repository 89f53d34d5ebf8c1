"""Scores without labels, each computed a second time by other means, by hand where it is small, and by its bounds."""

import math
from collections.abc import Callable

import attrs
import numpy as np
import pytest
import torch
from acclimate.framework import JOINT, Batch, Candidate, Outputs, Side, Task
from acclimate.framework.testing import make_scene
from acclimate.framework.testing.validator_case import make_candidate
from acclimate.framework.validators import (
    ClassAMI,
    ClassConfusion,
    ClassCorrelation,
    DeepEmbeddedValidation,
    Diversity,
    Entropy,
    ImportanceWeightedValidation,
    MaNo,
    MixVal,
    NuclearNorm,
    RankMe,
    ReverseValidation,
    TargetInputs,
    Validator,
)
from acclimate.framework.validators.class_ami import class_ami
from acclimate.framework.validators.class_confusion import class_confusion
from acclimate.framework.validators.class_correlation import class_correlation
from acclimate.framework.validators.deep_embedded_validation import deep_embedded_risk
from acclimate.framework.validators.diversity import diversity
from acclimate.framework.validators.entropy import mean_entropy
from acclimate.framework.validators.importance_weighted_validation import importance_weighted_mean
from acclimate.framework.validators.importance_weights import importance_weights
from acclimate.framework.validators.logistic_regression import fit_logistic_regression
from acclimate.framework.validators.mano import mano, softrun
from acclimate.framework.validators.mixval import draw_pairs, mix
from acclimate.framework.validators.nuclear_norm import nuclear_norm
from acclimate.framework.validators.rank_me import rank_me
from acclimate.framework.validators.reverse_validation import reverse_accuracy
from scipy.stats import entropy as scipy_entropy
from torch import Tensor

TASK = Task("digit", ("one", "two", "three"))


def draw(*shape: int, seed: int = 0, scale: float = 2.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


LOGITS = draw(11, 3)
PROBABILITIES = LOGITS.softmax(dim=1)
ARRAY = PROBABILITIES.numpy()


def test_entropy_and_diversity_a_second_time() -> None:
    assert mean_entropy(PROBABILITIES).item() == pytest.approx(scipy_entropy(ARRAY, axis=1).mean())
    assert diversity(PROBABILITIES).item() == pytest.approx(scipy_entropy(ARRAY.mean(axis=0)))


def test_nuclear_norm_a_second_time_and_at_its_bounds() -> None:
    assert nuclear_norm(PROBABILITIES).item() == pytest.approx(np.linalg.norm(ARRAY, "nuc") / math.sqrt(11 * 3))
    assert nuclear_norm(torch.eye(3).repeat(4, 1)).item() == pytest.approx(1)
    collapsed = torch.eye(3)[torch.zeros(12, dtype=torch.int64)]
    assert nuclear_norm(collapsed).item() == pytest.approx(1 / math.sqrt(3))
    # Fewer rows than classes.
    assert nuclear_norm(torch.eye(3)[:2]).item() == pytest.approx(1)


def test_class_confusion_a_second_time() -> None:
    temperature = 1.7
    shares = (LOGITS / temperature).softmax(dim=1).numpy()
    sureness = 1 + np.exp(-scipy_entropy(shares, axis=1))
    weights = 11 * sureness / sureness.sum()
    expected = 0.0
    for first in range(3):
        row = [sum(weights[n] * shares[n, first] * shares[n, second] for n in range(11)) for second in range(3)]
        expected += sum(value for second, value in enumerate(row) if second != first) / sum(row) / 3
    assert class_confusion(LOGITS, temperature).item() == pytest.approx(expected)


def test_class_confusion_by_hand() -> None:
    # One row of two classes, .75 and .25: C = [[9, 3], [3, 1]] / 16, rows [.75, .25] twice, off the diagonal 1 / 2.
    logits = torch.tensor([[math.log(3.0), 0.0]])
    assert class_confusion(logits, temperature=1.0).item() == pytest.approx((0.25 + 0.75) / 2)


def test_rank_me_a_second_time_and_by_hand() -> None:
    features = draw(9, 4)
    values = np.linalg.svd(features.numpy(), compute_uv=False)
    assert rank_me(features).item() == pytest.approx(math.exp(scipy_entropy(values)))
    # Singular values 3 and 1.
    expected = math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25))
    assert rank_me(torch.tensor([[3.0, 0.0], [0.0, 1.0]])).item() == pytest.approx(expected)
    assert rank_me(torch.zeros(3, 2)).item() == pytest.approx(1)


def test_mano_a_second_time() -> None:
    def second(logits: Tensor, power: float) -> float:
        rows = []
        for row in logits.tolist():
            values = [1 + value + value**2 / 2 for value in row]
            rows += [(value / sum(values)) ** power for value in values]
        return float(np.mean(rows) ** (1 / power))

    assert mano(LOGITS).item() == pytest.approx(second(LOGITS, 4))
    assert mano(LOGITS, power=2.0).item() == pytest.approx(second(LOGITS, 2))


def test_mano_of_a_sure_model_takes_the_softmax() -> None:
    sure = 20 * LOGITS
    torch.testing.assert_close(softrun(sure), sure.softmax(dim=1))
    assert not torch.allclose(softrun(LOGITS), PROBABILITIES)


def test_class_correlation_a_second_time_and_at_its_bounds() -> None:
    gram = ARRAY.T @ ARRAY
    assert class_correlation(PROBABILITIES).item() == pytest.approx(np.trace(gram) / np.sqrt((gram**2).sum()))
    assert class_correlation(torch.full((5, 4), 0.25)).item() == pytest.approx(1)
    assert class_correlation(torch.eye(4).repeat(3, 1)).item() == pytest.approx(2)


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "mean_entropy": lambda logits: mean_entropy(logits.softmax(dim=1)),
    "diversity": lambda logits: diversity(logits.softmax(dim=1)),
    "nuclear_norm": lambda logits: nuclear_norm(logits.softmax(dim=1)),
    "class_correlation": lambda logits: class_correlation(logits.softmax(dim=1)),
    "class_confusion": class_confusion,
    "mano": mano,
    "rank_me": rank_me,
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_may_be_a_loss_has_the_gradient_that_it_should(loss: str) -> None:
    assert torch.autograd.gradcheck(LOSSES[loss], (draw(6, 3, seed=4).requires_grad_(),))


def test_class_ami_a_second_time() -> None:
    """By its definition, from the table of clusters and classes, on clusters that k-means cannot miss."""
    centres, clusters = torch.tensor([[0.0, 0.0], [50.0, 0.0], [0.0, 50.0]]), torch.tensor([0] * 6 + [1] * 5 + [2] * 4)
    features = centres[clusters] + draw(15, 2, scale=0.5).float()
    assert class_ami(features, clusters, 3) == pytest.approx(1)
    # Three are named otherwise.
    predicted = clusters.clone()
    predicted[[0, 7, 13]] = torch.tensor([1, 2, 0])
    table = np.zeros((3, 3))
    for first, second in zip(clusters.tolist(), predicted.tolist(), strict=True):
        table[first, second] += 1
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    information = sum(
        table[i, j] / 15 * math.log(15 * table[i, j] / rows[i] / columns[j])
        for i in range(3)
        for j in range(3)
        if table[i, j]
    )
    drawn = np.random.default_rng(0)
    by_chance = []
    for _ in range(4000):
        shuffled = drawn.permutation(predicted.numpy())
        counts = np.array([[((clusters.numpy() == i) & (shuffled == j)).sum() for j in range(3)] for i in range(3)])
        ratio = 15 * counts / np.outer(rows, columns)
        by_chance.append((counts / 15 * np.log(np.where(counts > 0, ratio, 1))).sum())
    mean = (scipy_entropy(rows) + scipy_entropy(columns)) / 2
    expected = (information - np.mean(by_chance)) / (mean - np.mean(by_chance))
    assert class_ami(features, predicted, 3) == pytest.approx(expected, abs=0.01)
    assert class_ami(torch.ones(4, 2), torch.tensor([0, 1, 0, 1]), 3) == pytest.approx(0, abs=1e-9)


def test_logistic_regression_is_scikit_learns() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    features, labels = draw(40, 5, seed=1), torch.arange(40) % 3
    features = features + labels.unsqueeze(1)
    own = fit_logistic_regression(features, labels, classes=3)
    scaled = (features - own.mean) / own.scale
    other = linear.LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(scaled.numpy(), labels.numpy())
    found = own.logits(features).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, other.predict_proba(scaled.numpy()), atol=1e-4)


def test_logistic_regression_counts_a_weighted_row_as_often() -> None:
    features, labels, weights = draw(12, 2), torch.arange(12) % 3, torch.ones(12)
    weights[3] = 50.0
    rows = [*range(12), *[3] * 49]
    weighted = fit_logistic_regression(features, labels, 3, weights)
    scaled = (features - weighted.mean) / weighted.scale
    linear = pytest.importorskip("sklearn.linear_model")
    other = linear.LogisticRegression(tol=1e-8, max_iter=1000).fit(scaled[rows].numpy(), labels[rows].numpy())
    found = weighted.logits(features).softmax(dim=1).numpy()
    np.testing.assert_allclose(found, other.predict_proba(scaled.numpy()), atol=1e-4)


def test_weights_of_one_distribution_are_about_one_and_follow_a_shift() -> None:
    same = importance_weights(draw(300, 2, seed=1), draw(500, 2, seed=2))
    assert same.mean().item() == pytest.approx(1, abs=0.1)
    assert same.std().item() < 0.3
    # Two unit Gaussians, one apart: the ratio of densities is exp(x - 1/2).
    source, target = draw(4000, 1, seed=3, scale=1.0), draw(4000, 1, seed=4, scale=1.0) + 1
    found, expected = importance_weights(source, target).log(), source[:, 0] - 0.5
    assert (found - expected).abs().mean().item() < 0.1


def test_importance_weighted_mean_by_hand() -> None:
    losses, weights = torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])
    assert importance_weighted_mean(losses, weights).item() == pytest.approx(2 / 4)
    assert importance_weighted_mean(losses, torch.zeros(3)).item() == pytest.approx(2 / 3)


def test_deep_embedded_risk_a_second_time() -> None:
    """As the authors' code has it, by numpy's covariance."""
    losses, weights = (torch.arange(20) % 3 == 0).double(), draw(20, seed=5).abs()
    weighted = (weights * losses).numpy()
    covariance = np.cov(np.stack([weighted, weights.numpy()], axis=1), rowvar=False)[0][1]
    eta = -covariance / np.var(weights.numpy(), ddof=1)
    expected = weighted.mean() + eta * weights.numpy().mean() - eta
    assert deep_embedded_risk(losses, weights).item() == pytest.approx(expected)
    assert deep_embedded_risk(losses, torch.ones(20)).item() == pytest.approx(losses.mean().item())


def test_reverse_accuracy_by_hand() -> None:
    target, source = torch.tensor([[0.0], [1.0], [4.0], [5.0]]), torch.tensor([[0.5], [4.5], [4.6]])
    assert reverse_accuracy(target, torch.tensor([0, 0, 1, 1]), source, torch.tensor([0, 1, 0]), 2) == pytest.approx(
        2 / 3
    )
    # All rows are one class, so nothing is learnt but its name.
    assert reverse_accuracy(target, torch.ones(4, dtype=torch.int64), source, torch.tensor([0, 1, 0]), 2) == (
        pytest.approx(1 / 3)
    )


def test_pairs_have_one_class_or_two() -> None:
    predicted = torch.tensor([0, 1, 0, 2, 1, 0, 1, 1])
    within, across = draw_pairs(predicted, torch.Generator().manual_seed(0))
    assert (predicted[within[:, 0]] == predicted[within[:, 1]]).all()
    assert (within[:, 0] != within[:, 1]).all()
    # The only row of class 2 has no partner.
    assert sorted(within[:, 0].tolist()) == [0, 1, 2, 4, 5, 6, 7]
    assert (predicted[across[:, 0]] != predicted[across[:, 1]]).all()
    assert len(across) == 8
    within, across = draw_pairs(torch.zeros(3, dtype=torch.int64), torch.Generator())
    assert [len(within), len(across)] == [3, 0]


def make_batch(values: dict[str, Tensor], present: list[list[bool]]) -> Batch:
    rows = len(present)
    ids = tuple(map(str, range(rows)))
    return Batch(values, torch.tensor(present), torch.zeros(rows, dtype=torch.int64), torch.arange(rows), ids)


def test_a_mixture_by_hand() -> None:
    first = make_batch(
        {"a": torch.tensor([[1.0], [1.0]]), "w": torch.tensor([[3], [3]])}, [[True, True], [True, False]]
    )
    second = make_batch(
        {"a": torch.tensor([[2.0], [2.0]]), "w": torch.tensor([[4], [4]])}, [[True, True], [False, True]]
    )
    mixed = mix(first, second, share=0.75)
    assert mixed.inputs["a"].flatten().tolist() == pytest.approx([1.25, 1.0])
    # Words are not mixed, and rows that share no modality are the first.
    assert mixed.inputs["w"].flatten().tolist() == [3, 3]
    assert mixed.present.tolist() == [[True, True], [True, False]]


def line_candidate(threshold: float) -> Candidate:
    """Of eight points on a line, called by the side of a threshold on which they lie."""
    values = torch.tensor([[-4.0], [-3.0], [-2.0], [-1.0], [1.0], [2.0], [3.0], [4.0]])

    def outputs(inputs: Tensor) -> Outputs:
        logits = torch.cat([threshold - inputs, inputs - threshold], dim=1)
        return Outputs({JOINT: inputs}, {"side": {JOINT: logits, "x": logits}}, {})

    batch = make_batch({"x": values}, [[True]] * 8)
    side = Side(batch, outputs(values))

    def rows(positions: object) -> Batch:
        chosen = torch.tensor(positions)
        return make_batch({"x": values[chosen]}, [[True]] * len(chosen))

    return Candidate(side, side, TargetInputs(rows, lambda asked: outputs(asked.inputs["x"])))


def test_mixval_by_hand() -> None:
    """Mixtures within a class stay on its side; those across lie on the larger part's side where |x| is as large."""
    task = Task("side", ("left", "right"))
    (found,) = MixVal(share=0.99).score([line_candidate(0.0)], task)
    assert found == pytest.approx(1)
    (found,) = MixVal(share=0.51).score([line_candidate(0.0)], task)
    # Within: all. Across: half way round, x meets x + 5 or so; the expected share is counted below.
    values = [-4.0, -3.0, -2.0, -1.0, 1.0, 2.0, 3.0, 4.0]
    _, across = draw_pairs(torch.tensor([0] * 4 + [1] * 4), torch.Generator().manual_seed(0))
    right = [(0.51 * values[i] + 0.49 * values[j]) * values[i] > 0 for i, j in across.tolist()]
    assert 0 < sum(right) < 8
    assert found == pytest.approx((1 + sum(right) / 8) / 2)
    with pytest.raises(ValueError, match="inputs must be there to be mixed"):
        MixVal().score([attrs.evolve(line_candidate(0.0), inputs=None)], task)


FUNCTIONS: dict[type[Validator], Callable[[Tensor], float]] = {
    Entropy: lambda logits: -mean_entropy(logits.softmax(dim=1)).item(),
    Diversity: lambda logits: diversity(logits.softmax(dim=1)).item(),
    NuclearNorm: lambda logits: nuclear_norm(logits.softmax(dim=1)).item(),
    ClassConfusion: lambda logits: -class_confusion(logits).item(),
    MaNo: lambda logits: mano(logits).item(),
    ClassCorrelation: lambda logits: -class_correlation(logits.softmax(dim=1)).item(),
}


@pytest.mark.parametrize("validator", FUNCTIONS)
def test_a_class_is_its_function_of_the_targets_joint_logits(validator: type[Validator]) -> None:
    candidate = make_candidate(make_scene())
    (found,) = validator().score([candidate], TASK)
    assert found == pytest.approx(FUNCTIONS[validator](candidate.target_logits("digit")))


def test_those_of_both_sides_look_at_joint_features() -> None:
    candidate = make_candidate(make_scene(source=40, target=30))
    source, target = (side.outputs.features[JOINT] for side in candidate.both)
    predicted = candidate.target_logits("digit").argmax(dim=1)
    labels = candidate.source_labels("digit")
    losses = (candidate.source.outputs.joint_logits("digit").argmax(dim=1) != labels).double()
    weights = importance_weights(source, target)
    expected = {
        RankMe: rank_me(target).item(),
        ClassAMI: class_ami(target, predicted, 3),
        ImportanceWeightedValidation: 1 - importance_weighted_mean(losses, weights).item(),
        DeepEmbeddedValidation: 1 - deep_embedded_risk(losses, weights).item(),
        ReverseValidation: reverse_accuracy(target, predicted, source, labels, 3),
    }
    for validator, value in expected.items():
        (found,) = validator().score([candidate], TASK)
        assert found == pytest.approx(value), validator


@pytest.mark.parametrize(
    ("validator", "arguments", "message"),
    [
        (ClassConfusion, {"temperature": 0.0}, "temperature must be positive, but got 0.0"),
        (MaNo, {"power": -1.0}, "power must be positive, but got -1.0"),
        (MixVal, {"share": 0.5}, r"share must be within \(0.5, 1\), but got 0.5"),
        (MixVal, {"rows": 0}, "rows must be at least 1, but got 0"),
    ],
)
def test_refuses(validator: Callable[..., Validator], arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        validator(**arguments)
