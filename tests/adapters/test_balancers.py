"""Properties that all Balancers share. A new method adds its line to BALANCERS."""

from collections.abc import Callable, Mapping

import pytest
import torch
from acclimate.adapters.boomda import ParetoBalance
from acclimate.adapters.torchjd_weighting import TorchJDWeighting
from acclimate.adapters.weighted_sum import WeightedSum
from acclimate.framework.batch import Representation, Term
from acclimate.framework.interfaces import Balancer
from torch import Tensor

BALANCERS: Mapping[str, Callable[[], Balancer]] = {
    "weighted-sum": WeightedSum,
    "weighted-average": lambda: WeightedSum(average=True),
    "pareto": ParetoBalance,
    "pareto-qp": lambda: ParetoBalance("qp"),
    "torchjd-mgda": lambda: TorchJDWeighting("torchjd.aggregation.MGDAWeighting"),
    "torchjd-upgrad": lambda: TorchJDWeighting("torchjd.aggregation.UPGradWeighting", normalised=False),
}

each_balancer = pytest.mark.parametrize("make", BALANCERS.values(), ids=list(BALANCERS))


def make_terms(count: int) -> tuple[dict[str, Term], dict[Representation, Tensor]]:
    """Terms that pull two representations to different places."""
    generator = torch.Generator().manual_seed(0)
    representations: dict[Representation, Tensor] = {
        ("source", name): torch.randn(4, 3, generator=generator, dtype=torch.float64).requires_grad_()
        for name in ("audio", "image")
    }
    terms = {
        f"term{index}": Term(
            torch.stack([(values - index).square().mean() for values in representations.values()]).sum(),
            weight=1.0 + index,
        )
        for index in range(count)
    }
    return terms, representations


@each_balancer
@pytest.mark.parametrize("count", [1, 2, 5])
def test_scalar_of_the_graph(make: Callable[[], Balancer], count: int) -> None:
    terms, representations = make_terms(count)
    value = make()(terms, representations)
    assert value.shape == ()
    assert value.isfinite()
    for gradient in torch.autograd.grad(value, list(representations.values())):
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0


@each_balancer
def test_order_of_terms(make: Callable[[], Balancer]) -> None:
    terms, representations = make_terms(4)
    reverse = dict(reversed(list(terms.items())))
    torch.testing.assert_close(make()(terms, representations), make()(reverse, representations))


@each_balancer
def test_one_term_is_its_weighted_value(make: Callable[[], Balancer]) -> None:
    terms, representations = make_terms(1)
    torch.testing.assert_close(make()(terms, representations), terms["term0"].weighted)


@each_balancer
def test_no_terms_are_zero(make: Callable[[], Balancer]) -> None:
    assert make()({}, {}).item() == 0.0


def test_weighted_sum() -> None:
    terms, representations = make_terms(3)
    values = [term.value for term in terms.values()]
    expected = 1.0 * values[0] + 2.0 * values[1] + 3.0 * values[2]
    torch.testing.assert_close(WeightedSum()(terms, representations), expected)
    torch.testing.assert_close(WeightedSum(average=True)(terms, representations), expected / 3)
