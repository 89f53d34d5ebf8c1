"""Correlation alignment: golden arrays, the closed form against differentiation, absent rows, and what it does."""

import math
from typing import Any

import attrs
import pytest
import torch
from acclimate.adapters.coral import CorrelationAlignment
from acclimate.adapters.covariances import Statistic, align, coral_loss, spread
from acclimate.framework.batch import Step, Term
from acclimate.framework.layout import JOINT
from acclimate.framework.testing import SCATTERED, Scene, drop, make_scene
from bits import assert_same_bits
from torch import Tensor

from .golden import DTYPES, Golden, golden_names

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def draw(*shape: int, seed: int = 0, mean: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator) + mean


def naive(source: Tensor, target: Tensor, statistic: Statistic = "covariance") -> Tensor:
    """The formulas as they are printed, differentiated by torch."""

    def matrix(features: Tensor) -> Tensor:
        if statistic == "covariance":
            return torch.cov(features.T).reshape(features.shape[1], -1)
        mean = features.mean(dim=0, keepdim=True)
        return (features.T @ features - mean.T @ mean) / (len(features) - 1)

    return (matrix(target) - matrix(source)).square().sum()


def coral_terms(aligner: CorrelationAlignment, scene: Scene) -> dict[str, Term]:
    aligner.bind(scene.layout, {})
    terms: dict[str, Term] = aligner(scene.step())
    return terms


@each_dtype
@pytest.mark.parametrize("name", golden_names("boomda_coral"))
def test_goldens(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    source, target = golden["z_s"], golden["z_t"]
    golden.compare("C_s", spread(source).matrix)
    golden.compare("C_t", spread(target).matrix)
    golden.compare("loss", coral_loss(source, target))
    golden.compare("loss_over_4d2", coral_loss(source, target, normalised=True))
    second_moment = coral_loss(source, target, normalised=True, statistic="second_moment")
    golden.compare("loss_second_moment_variant_over_4d2", second_moment)
    golden.close()


@each_dtype
@pytest.mark.parametrize("name", golden_names("coral_tllib"))
def test_goldens_of_the_form_with_means(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    source, target = golden["z_s"], golden["z_t"]
    means = (source.mean(dim=0) - target.mean(dim=0)).square().mean()
    golden.compare("loss", means + 4 * coral_loss(source, target, normalised=True))
    golden.close()


def test_by_hand() -> None:
    # Variances 2 and 8, covariance 0 on the source; 2, 2 and 2 on the target.
    source = torch.tensor([[1.0, 2.0], [-1.0, 2.0], [1.0, -2.0], [-1.0, -2.0]]) * math.sqrt(1.5)
    target = torch.tensor([[6.0, 1.0], [4.0, -1.0]])
    torch.testing.assert_close(spread(source).matrix, torch.tensor([[2.0, 0.0], [0.0, 8.0]]))
    torch.testing.assert_close(spread(target).matrix, torch.full((2, 2), 2.0))
    assert coral_loss(source, target).item() == pytest.approx(36.0 + 2 * 4.0)
    assert coral_loss(source, target, normalised=True).item() == pytest.approx(44.0 / 16)


@pytest.mark.parametrize("statistic", ["covariance", "second_moment"])
@pytest.mark.parametrize(("rows", "width"), [((2, 2), 3), ((9, 5), 4), ((4, 7), 12)])
def test_value_and_gradients_are_those_of_the_printed_formula(
    statistic: Statistic, rows: tuple[int, int], width: int
) -> None:
    pair = [draw(count, width, seed=seed, mean=3.0).requires_grad_() for seed, count in enumerate(rows)]
    expected = naive(*pair, statistic)
    value, *gradients = align(*(spread(features, statistic=statistic) for features in pair))
    torch.testing.assert_close(value, expected.detach())
    for found, again in zip(gradients, torch.autograd.grad(expected, pair), strict=True):
        torch.testing.assert_close(found, again)


def test_the_mean_is_not_seen_by_covariances_but_by_second_moments() -> None:
    source, target = draw(20, 4), draw(20, 4, seed=1)
    for statistic, seen in (("covariance", False), ("second_moment", True)):
        before, after = (coral_loss(source, moved, statistic=statistic).item() for moved in (target, target + 3))
        assert (abs(after - before) > 1) == seen


def test_equal_features_are_worth_nothing() -> None:
    source, target = draw(12, 6).float().requires_grad_(), draw(12, 6).float().requires_grad_()
    loss = coral_loss(source, target)
    assert loss.item() == pytest.approx(0.0, abs=1e-9)
    for gradient in torch.autograd.grad(loss, [source, target]):
        torch.testing.assert_close(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize(("source", "target"), [(0, 5), (1, 5), (5, 1), (1, 1), (0, 0)])
def test_fewer_than_two_rows_are_zero_of_the_graph(source: int, target: int) -> None:
    pair = [draw(source, 3).requires_grad_(), draw(target, 3, seed=1).requires_grad_()]
    loss = coral_loss(*pair, statistic="second_moment")
    assert loss.item() == pytest.approx(0.0)
    for gradient, features in zip(torch.autograd.grad(loss, pair), pair, strict=True):
        assert_same_bits(gradient, torch.zeros_like(features))


def test_it_cannot_be_differentiated_twice() -> None:
    features = draw(5, 3).requires_grad_()
    (gradient,) = torch.autograd.grad(coral_loss(features, draw(5, 3, seed=1)), features, create_graph=True)
    with pytest.raises(RuntimeError, match=r"once_differentiable|does not require grad"):
        gradient.sum().backward()


@pytest.mark.parametrize("present", [torch.tensor([[True, True, True]]), SCATTERED], ids=["complete", "scattered"])
@pytest.mark.parametrize("normalised", [False, True])
def test_terms_of_modalities_and_of_complete_rows(present: Tensor, *, normalised: bool) -> None:
    scene = make_scene(source=12, target=9).change(drop(present))
    assert scene.source is not None
    assert scene.target is not None
    terms = coral_terms(CorrelationAlignment(0.5, normalised=normalised), scene)
    assert list(terms) == [*scene.layout.modalities, JOINT]
    for column, modality in enumerate(scene.layout.modalities):
        pair = [rows.features[modality][rows.present[:, column]] for rows in (scene.source, scene.target)]
        scale = 4 * 5**2 if normalised else 1
        torch.testing.assert_close(terms[modality].value, naive(*pair) / scale)
    pair = [torch.cat(list(rows.features.values()), dim=1) for rows in (scene.source, scene.target)]
    complete = [rows.present.all(dim=1) for rows in (scene.source, scene.target)]
    pair = [features[rows] for features, rows in zip(pair, complete, strict=True)]
    torch.testing.assert_close(terms[JOINT].value, naive(*pair) / (4 * 15**2 if normalised else 1))
    assert [term.weight for term in terms.values()] == pytest.approx([0.5] * 4)


def test_no_complete_row_leaves_the_joint_term_at_zero() -> None:
    scene = make_scene().change(drop(torch.tensor([[True, True, False], [False, True, True]])))
    values = {name: term.value.item() for name, term in coral_terms(CorrelationAlignment(), scene).items()}
    assert values[JOINT] == pytest.approx(0.0)
    assert min(values[modality] for modality in scene.layout.modalities) > 0


def test_the_joint_term_is_of_the_concatenation_whatever_the_fusion() -> None:
    scene = make_scene(2)
    step = scene.step()
    assert step.source is not None
    outputs = step.source.outputs
    other = attrs.evolve(outputs, features=outputs.features | {JOINT: draw(len(outputs.features["audio"]), 2)})
    changed = Step(source=attrs.evolve(step.source, outputs=other), target=step.target)
    aligner = CorrelationAlignment()
    aligner.bind(scene.layout, {})
    torch.testing.assert_close(aligner(step)[JOINT].value, aligner(changed)[JOINT].value)


def test_values_have_full_precision_under_autocast() -> None:
    scene = make_scene(2, dtype=torch.float32)
    aligner = CorrelationAlignment()
    aligner.bind(scene.layout, {})
    expected = aligner(scene.step())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = aligner(scene.step())
    for name, term in found.items():
        torch.testing.assert_close(term.value, expected[name].value)


def test_descent_aligns_covariances_and_leaves_means() -> None:
    source, target = draw(20, 3), (3 * draw(15, 3, seed=1) + 5).requires_grad_()
    before, mean = spread(target).matrix, target.detach().mean(dim=0)
    optimizer = torch.optim.SGD([target], 0.05)
    for _ in range(300):
        optimizer.zero_grad()
        torch.autograd.backward(coral_loss(source, target))
        optimizer.step()
    aim = spread(source).matrix
    assert (before - aim).norm() > aim.norm()
    assert (spread(target).matrix - aim).norm() < 0.01 * aim.norm()
    torch.testing.assert_close(target.detach().mean(dim=0), mean)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": -1.0}, "weight must not be negative, but got -1.0"),
        ({"weight": math.nan}, "weight must not be negative, but got nan"),
        ({"modalities": False, "joint": False}, "modalities or joint must be True, but both are False"),
        ({"statistic": "moment"}, "statistic must be one of covariance, second_moment, but got 'moment'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CorrelationAlignment(**arguments)
