"""Properties that all Balancers share. A new method adds its line to BALANCERS."""

from collections.abc import Callable, Mapping

import pytest
import torch
from acclimate.adapters.pareto_balance import ParetoBalance
from acclimate.adapters.torchjd_weighting import TorchJDWeighting
from acclimate.adapters.weighted_sum import WeightedSum
from acclimate.framework.interfaces import Balancer
from acclimate.framework.testing import BALANCER_PROMISES, BalancerCase, make_terms

BALANCERS: Mapping[str, Callable[[], Balancer]] = {
    "weighted-sum": WeightedSum,
    "weighted-average": lambda: WeightedSum(average=True),
    "pareto": ParetoBalance,
    "pareto-qp": lambda: ParetoBalance("qp"),
    "torchjd-mgda": lambda: TorchJDWeighting("torchjd.aggregation.MGDAWeighting"),
    "torchjd-upgrad": lambda: TorchJDWeighting("torchjd.aggregation.UPGradWeighting", normalised=False),
}


@pytest.mark.parametrize("promise", BALANCER_PROMISES)
@pytest.mark.parametrize("name", BALANCERS)
def test_promise(name: str, promise: str) -> None:
    BALANCER_PROMISES[promise](BalancerCase(BALANCERS[name], name))


def test_weighted_sum() -> None:
    terms, representations = make_terms(3)
    values = [term.value for term in terms.values()]
    expected = 1.0 * values[0] + 2.0 * values[1] + 3.0 * values[2]
    torch.testing.assert_close(WeightedSum()(terms, representations), expected)
    torch.testing.assert_close(WeightedSum(average=True)(terms, representations), expected / 3)
