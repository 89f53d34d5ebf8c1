"""Any weighting of TorchJD (gradient aggregation: MGDA, UPGrad, CAGrad, IMTL-G, ...) as a Balancer."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import torch
from jaxtyping import Float
from torch import Tensor

from ..framework.batch import Representation, Term
from ..framework.errors import RecipeError
from ..framework.interfaces import Balancer
from ..framework.recipes.class_paths import check_trusted, instantiate
from ..framework.recipes.recipe import ClassSpec
from .gram import gram_matrix

TRUSTED: Final = ("torchjd.",)
"""What the class_path of a weighting may begin with, whoever wrote the recipe."""


class TorchJDWeighting(Balancer):
    """Weighs competing terms by a `torchjd.aggregation.*Weighting` of the Gram matrix of their gradients.

    Needs the package torchjd: `pip install 'acclimate[torchjd]'`. Gradients are those of the terms, times their own
    weights, by the representations of both sides. The weights are constants, and need not sum to 1. If no term has a
    gradient, all weigh the same. What a stateful weighting remembers is not saved: a run that is resumed in the middle
    may end otherwise.

    Args:
        class_path: import path of the weighting, such as "torchjd.aggregation.UPGradWeighting".
        init_args: arguments of its constructor.
        normalised: divide the Gram matrix by the mean of its diagonal. Weightings have thresholds for gradients of
            ordinary size, below which those of correlation alignment may lie by many orders of magnitude. For most the
            scale is of no other consequence; FairGrad's weights change with it.

    Raises:
        RecipeError: if torchjd is not installed, or there is no such weighting, or not with these arguments.

    Example:
        >>> terms = {"a": Term(torch.tensor(1.0)), "b": Term(torch.tensor(2.0))}
        >>> TorchJDWeighting("torchjd.aggregation.MGDAWeighting", {"max_iters": 50})(terms, {}).item()
        1.5
    """

    def __init__(self, class_path: str, init_args: dict[str, Any] | None = None, *, normalised: bool = True) -> None:
        super().__init__()
        self.normalised = normalised
        self.weigh = _make(ClassSpec(class_path, init_args or {}))

    def forward(
        self, terms: Mapping[str, Term], representations: Mapping[Representation, Float[Tensor, "batch _"]]
    ) -> Float[Tensor, ""]:
        """Sum of the terms by the weighting; 0 where there are no terms."""
        if not terms:
            return torch.zeros(())
        weighted = torch.stack([term.weighted for term in terms.values()])
        gram = gram_matrix(list(terms.values()), representations)
        mean = gram.diagonal().mean()
        if not mean > 0:
            return weighted.mean()
        return (self.weigh(gram / mean if self.normalised else gram).detach() * weighted).sum()


def _make(spec: ClassSpec) -> Callable[[Tensor], Tensor]:
    check_trusted(spec, TRUSTED, "TorchJDWeighting")
    try:
        from torchjd.aggregation import Weighting
    except ImportError as error:
        raise RecipeError("TorchJDWeighting needs the package torchjd: pip install 'acclimate[torchjd]'") from error
    # Hidden from nn.Module: stateful weightings make buffers while they run, which no checkpoint could be loaded into.
    return partial(instantiate(Weighting, spec, "TorchJDWeighting"))
