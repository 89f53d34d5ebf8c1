"""Any weighting of TorchJD (gradient aggregation: MGDA, UPGrad, CAGrad, IMTL-G, ...) in a Balancer.

Quinton, Rey: Jacobian Descent for Multi-Objective Optimization, https://arxiv.org/abs/2406.16232; the package is
https://github.com/SimplexLab/TorchJD, and https://torchjd.org lists its weightings.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch
from torch import Tensor

from ..framework.errors import RecipeError
from ..framework.recipes.class_paths import check_trusted, instantiate
from ..framework.recipes.class_spec import ClassSpec
from .gradient_balance import GradientBalance
from .weighting import PSDMatrix, Weighting, Weights

TRUSTED: Final = ("torchjd.",)
"""What the class_path of a weighting may begin with, whoever wrote the recipe."""


class TorchJDWeighting(GradientBalance):
    """Weighs competing terms by a `torchjd.aggregation.*Weighting` of the Gram matrix of their gradients.

    Needs the package torchjd: `pip install 'acclimate[torchjd]'`. The weights need not sum to 1. What a stateful
    weighting remembers is not saved: a run that is resumed in the middle may end otherwise.

    Args:
        class_path: import path of the weighting, such as "torchjd.aggregation.UPGradWeighting".
        init_args: arguments of its constructor.
        normalised: whether the Gram matrix is divided by the mean of its diagonal. Weightings have thresholds for
            gradients of ordinary size, below which those of correlation alignment may lie by many orders of magnitude.
            For most the scale is of no other consequence; FairGrad's weights change with it.

    Raises:
        RecipeError: if torchjd is not installed, or there is no such weighting, or not with these arguments.

    Example:
        >>> from acclimate.framework import Term
        >>> terms = {"a": Term(torch.tensor(1.0)), "b": Term(torch.tensor(2.0))}
        >>> TorchJDWeighting("torchjd.aggregation.MGDAWeighting", {"max_iters": 50})(terms, {}).item()
        1.5
    """

    def __init__(self, class_path: str, init_args: dict[str, Any] | None = None, *, normalised: bool = True) -> None:
        super().__init__(_Foreign(_make(ClassSpec(class_path, init_args or {})), normalised=normalised))


class _Foreign(Weighting):
    """A weighting of TorchJD, on matrices of ordinary size."""

    def __init__(self, weigh: Callable[[Tensor], Tensor], *, normalised: bool) -> None:
        super().__init__()
        # Hidden from nn.Module: stateful ones make buffers while they run, which no checkpoint could be loaded into.
        self.ask = partial(weigh)
        self.normalised = normalised

    def forward(self, gram: PSDMatrix, /) -> Weights:
        mean = gram.diagonal().mean()
        return self.ask(gram / torch.where(mean > 0, mean, 1.0) if self.normalised else gram)


def _make(spec: ClassSpec) -> Callable[[Tensor], Tensor]:
    check_trusted(spec, TRUSTED, "TorchJDWeighting")
    try:
        from torchjd.aggregation import Weighting as ForeignWeighting
    except ImportError as error:
        raise RecipeError("TorchJDWeighting needs the package torchjd: pip install 'acclimate[torchjd]'") from error
    return instantiate(ForeignWeighting, spec, "TorchJDWeighting")
