"""The Gaussian information bottleneck: golden arrays, hand-sized cases, and what the guard is for."""

import math
from typing import Any

import pytest
import torch
from acclimate.adapters.information_bottleneck import InformationBottleneck, feature_variance, log_variance
from acclimate.framework.testing import make_scene
from bits import assert_same_bits
from torch import Tensor

from .golden import DTYPES, Golden, golden_names


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", golden_names("a3d2_ib_regulariser"))
def test_goldens(name: str, dtype: torch.dtype) -> None:
    golden = Golden(name, dtype)
    z, beta, epsilon = golden["z"], golden.constants["beta"], golden.constants["eps"]
    for correction, estimator in enumerate(("biased", "unbiased")):
        golden.compare(f"var_{estimator}", feature_variance(z, correction=correction))
        value = beta * log_variance(z, epsilon=epsilon, correction=correction)
        golden.compare(f"reg_{estimator}_eps1em5", value)
        if f"out__reg_{estimator}_eps0" in golden.arrays:
            golden.compare(f"reg_{estimator}_eps0", beta * log_variance(z, epsilon=0.0, correction=correction))
    golden.compare("reg_log1p_biased_official_unused", beta * log_variance(z, form="log1p"))
    # The entropy of the same Gaussian: d/2 log(2 pi e) more.
    constant = 0.5 * z.shape[1] * math.log(2 * math.pi * math.e)
    if "out__gaussian_entropy_unbiased" in golden.arrays:
        entropy = log_variance(z, epsilon=0.0, correction=1) + constant
        golden.compare("gaussian_entropy_unbiased", entropy, gradients=False)
    golden.close()


def test_by_hand() -> None:
    features = torch.tensor([[0.0, 1.0], [2.0, 1.0], [9.0, 9.0]], dtype=torch.float64)
    counted = torch.tensor([True, True, False])
    assert feature_variance(features, counted).tolist() == pytest.approx([1.0, 0.0])
    assert feature_variance(features, counted, correction=1).tolist() == pytest.approx([2.0, 0.0])
    expected = 0.5 * (math.log(1.5) + math.log(0.5))
    assert log_variance(features, counted, epsilon=0.5).item() == pytest.approx(expected)
    assert log_variance(features, counted, form="log1p").item() == pytest.approx(0.5 * math.log(2))


@pytest.mark.parametrize("rows", [0, 1, 4])
@pytest.mark.parametrize("correction", [0, 1])
def test_collapsed_features_are_worth_a_finite_least_and_get_no_gradient(rows: int, correction: int) -> None:
    features = torch.ones(rows, 3, requires_grad=True)
    value = log_variance(features, epsilon=1e-5, correction=correction)
    (gradient,) = torch.autograd.grad(value, features)
    assert value.item() == pytest.approx(1.5 * math.log(1e-5))
    assert_same_bits(gradient, torch.zeros_like(features))


def test_descent_pulls_coordinates_together() -> None:
    features = torch.randn(32, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    before = feature_variance(features).sum().item()
    optimizer = torch.optim.SGD([features], 0.5)
    for _ in range(20):
        optimizer.zero_grad()
        torch.autograd.backward(log_variance(features))
        optimizer.step()
    assert feature_variance(features).sum().item() < 0.9 * before


def test_terms_are_weighed_by_beta() -> None:
    scene = make_scene(2)
    aligner = InformationBottleneck(beta=0.25)
    aligner.bind(scene.layout, {})
    terms = aligner(scene.step())
    source = scene.side("source", labelled=True)
    for name, term in terms.items():
        expected: Tensor = 0.25 * log_variance(source.outputs.features[name])
        torch.testing.assert_close(term.weighted, expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beta": -1.0}, "beta must not be negative, but got -1.0"),
        ({"beta": math.nan}, "beta must not be negative, but got nan"),
        ({"form": "det"}, "form must be one of log, log1p, but got 'det'"),
        ({"epsilon": 0.0}, "epsilon must be positive, but got 0.0"),
        ({"correction": 2}, "correction must be 0 or 1, but got 2"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_refuses(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        InformationBottleneck(**arguments)
