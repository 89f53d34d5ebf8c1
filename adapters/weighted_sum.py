"""The plain weighted sum of competing terms: what a Balancer is measured against."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from ..framework.batch import Representation, Term
from ..framework.interfaces import Balancer


class WeightedSum(Balancer):
    """Sums the terms with their own weights.

    Args:
        average: whether the sum is divided by the number of terms, so that n terms of weight 1 get 1/n each (Boomda's
            ablation without balancing).

    Example:
        >>> terms = {"a": Term(torch.tensor(1.0)), "b": Term(torch.tensor(2.0), weight=3.0)}
        >>> WeightedSum()(terms, {}).item(), WeightedSum(average=True)(terms, {}).item()
        (7.0, 3.5)
    """

    def __init__(self, *, average: bool = False) -> None:
        super().__init__()
        self.average = average

    def forward(
        self, terms: Mapping[str, Term], representations: Mapping[Representation, Float[Tensor, "batch _"]]
    ) -> Float[Tensor, ""]:
        """Sum or average; 0 where there are no terms."""
        if not terms:
            return torch.zeros(())
        weighted = torch.stack([term.weighted for term in terms.values()])
        return weighted.mean() if self.average else weighted.sum()
