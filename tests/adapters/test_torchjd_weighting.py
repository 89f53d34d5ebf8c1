"""TorchJD's weightings as Balancers, and errors where there is none."""

import sys
from typing import Any

import pytest
import torch
from acclimate.adapters.coral import CorrelationAlignment
from acclimate.adapters.gradient_balance import gram_matrix
from acclimate.adapters.pareto import pareto_weights
from acclimate.adapters.pareto_balance import ParetoBalance
from acclimate.adapters.torchjd_weighting import TorchJDWeighting
from acclimate.framework.batch import Representation, Term
from acclimate.framework.errors import RecipeError
from acclimate.framework.interfaces import Balancer
from acclimate.framework.recipes.class_paths import instantiate
from acclimate.framework.recipes.class_spec import ClassSpec
from acclimate.framework.testing import make_scene
from torch import Tensor
from torchjd.aggregation import MGDAWeighting, UPGradWeighting


def aligned(dtype: torch.dtype = torch.float64) -> tuple[dict[str, Term], dict[Representation, Tensor]]:
    scene = make_scene(source=12, target=11, dtype=dtype)
    aligner = CorrelationAlignment()
    aligner.bind(scene.layout, {})
    step = scene.step()
    return aligner(step), step.representations


def torchjd(name: str, **init_args: Any) -> TorchJDWeighting:  # noqa: ANN401
    return TorchJDWeighting(f"torchjd.aggregation.{name}", init_args)


def test_weighs_by_the_gram_matrix() -> None:
    terms, representations = aligned()
    gram = gram_matrix(list(terms.values()), representations)
    weights = UPGradWeighting()(gram / gram.diagonal().mean())
    expected = (weights * torch.stack([term.value for term in terms.values()])).sum()
    torch.testing.assert_close(torchjd("UPGradWeighting")(terms, representations), expected)


def test_arguments_reach_the_weighting() -> None:
    terms, representations = aligned()
    once = torchjd("MGDAWeighting", max_iters=1)(terms, representations)
    assert once.item() != pytest.approx(torchjd("MGDAWeighting", max_iters=1000)(terms, representations).item())


def test_mgda_comes_near_to_our_exact_solution_and_never_below() -> None:
    mgda = MGDAWeighting(epsilon=1e-7, max_iters=10_000)
    for seed in range(10):
        gradients = torch.randn(4, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        gram = gradients @ gradients.T
        ours, theirs = ((weights @ gram @ weights).item() for weights in (pareto_weights(gram), mgda(gram)))
        assert ours <= theirs
        assert ours == pytest.approx(theirs, rel=1e-3)


def test_weights_are_constants() -> None:
    terms, representations = aligned()
    balanced = torchjd("MGDAWeighting", epsilon=1e-9, max_iters=10_000)(terms, representations)
    exact = ParetoBalance("qp")(terms, representations)
    leaves = list(representations.values())
    pairs = zip(*(torch.autograd.grad(value, leaves, retain_graph=True) for value in (balanced, exact)), strict=True)
    for found, expected in pairs:
        torch.testing.assert_close(found, expected, rtol=1e-2, atol=1e-2)


def test_tiny_gradients_are_scaled_first() -> None:
    terms, representations = aligned(torch.float32)
    tiny = {name: Term(term.value * 1e-9, gradient=None) for name, term in terms.items()}
    large = torchjd("UPGradWeighting")(terms, representations)
    torch.testing.assert_close(1e9 * torchjd("UPGradWeighting")(tiny, representations), large, rtol=1e-3, atol=0.0)


def test_a_stateful_weighting_leaves_the_checkpoint_as_it_is() -> None:
    balancer = torchjd("PCDWeighting")
    before = balancer.state_dict()
    balancer(*aligned())
    assert balancer.state_dict() == before


def test_terms_without_gradients_weigh_the_same() -> None:
    terms = {"a": Term(torch.tensor(1.0)), "b": Term(torch.tensor(3.0))}
    assert torchjd("UPGradWeighting")(terms, {}).item() == pytest.approx(2.0)


def test_a_recipe_names_the_weighting() -> None:
    init_args = {"class_path": "torchjd.aggregation.MGDAWeighting", "init_args": {"max_iters": 7}}
    spec = ClassSpec("acclimate.adapters.TorchJDWeighting", init_args)
    balancer = instantiate(Balancer, spec, "balancers.alignment")
    assert isinstance(balancer, TorchJDWeighting)


@pytest.mark.parametrize(
    ("class_path", "init_args", "message"),
    [
        ("torch.nn.Linear", {}, r"TorchJDWeighting: .* must begin with one of torchjd\., but got 'torch.nn.Linear'"),
        ("torchjd.aggregation.UPGradWeighting", {"projector": "os.system"}, r"must begin with .* got 'os.system'"),
        ("torchjd.aggregation.NoWeighting", {}, r"TorchJDWeighting: .*NoWeighting"),
        ("torchjd.aggregation.UPGrad", {}, r"TorchJDWeighting: .*UPGrad does not correspond to a subclass"),
        ("torchjd.aggregation.MGDAWeighting", {"iterations": 3}, r"'iterations' is not accepted"),
        ("torchjd.aggregation.MGDAWeighting", {"max_iters": -3}, r"max_iters must be .* but got -3"),
    ],
)
def test_refuses(class_path: str, init_args: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        TorchJDWeighting(class_path, init_args)


@pytest.mark.parametrize("module", ["torchjd", "torchjd.aggregation"])
def test_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if module == "torchjd":
        monkeypatch.delitem(sys.modules, "torchjd.aggregation")
    with pytest.raises(RecipeError, match=r"needs the package torchjd: pip install 'acclimate\[torchjd\]'"):
        torchjd("MGDAWeighting")
