"""What weighs competing terms, apart from what differentiates them: a Gram matrix in, a weight for each term out.

`GradientBalance` makes the matrix, and asks. Our own stand in `pareto.py`; those of the package TorchJD fit as well:
this is their interface (https://github.com/SimplexLab/TorchJD).
"""

from abc import ABC, abstractmethod
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

PSDMatrix: TypeAlias = Float[Tensor, "terms terms"]
"""A Gram matrix, Q = G G^T of gradients in the rows of G: symmetric, and x^T Q x is not negative for any x."""

Weights: TypeAlias = Float[Tensor, " terms"]
"""What each term is multiplied by, in the order of the matrix's rows."""


class Weighting(nn.Module, ABC):
    """Weighs terms by the inner products of their gradients, and sees nothing else of them.

    A term whose gradient is 0 has a row and a column of zeros, also where it is the only one. No gradient flows through
    weights. A weighting that remembers earlier steps keeps that in buffers, so that a checkpoint holds it.

    Example:
        >>> class Shortest(Weighting):
        ...     def forward(self, gram: PSDMatrix, /) -> Weights:
        ...         return torch.nn.functional.one_hot(gram.diagonal().argmin(), len(gram)).to(gram)
        >>> Shortest()(torch.tensor([[4.0, 0.0], [0.0, 1.0]])).tolist()
        [0.0, 1.0]
    """

    @abstractmethod
    def forward(self, gram: PSDMatrix, /) -> Weights:
        """Weights of the terms, `(n,)`, from the Gram matrix of their gradients, `(n, n)`."""


class EqualWeighting(Weighting):
    """Weighs n terms by 1/n each, whatever their gradients are.

    `WeightedSum(average=True)` gives the same sum, and spares the gradients.

    Example:
        >>> EqualWeighting()(torch.tensor([[4.0, 0.0], [0.0, 1.0]])).tolist()
        [0.5, 0.5]
    """

    def forward(self, gram: PSDMatrix, /) -> Weights:
        """1/n, n times."""
        return torch.full_like(gram.diagonal(), 1 / len(gram))
