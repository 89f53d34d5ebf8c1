"""Whether Terms say which features their gradients reach: Balancers differentiate by those that are named, alone."""

import warnings
from collections.abc import Iterable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from .batch import Representation, Term
from .errors import RecipeError


def check_reach(name: str, term: Term, representations: Mapping[Representation, Float[Tensor, "batch _"]]) -> None:
    """Hold a term of one step to its `reaches`; leaves no gradient, and draws no numbers.

    One that names too much costs a Balancer time, and may be right in another step, where a modality is there. One that
    names nothing at all claims everything: there is a warning where that is too much.

    Args:
        name: of the term.
        term: whose value still has its graph.
        representations: of the step.

    Raises:
        RecipeError: if the gradient reaches features that are not named.

    Example:
        >>> features = {("source", "audio"): torch.ones(2, 3, requires_grad=True)}
        >>> term = Term(features["source", "audio"].sum(), reaches=frozenset())
        >>> check_reach("own/loss", term, features)
        Traceback (most recent call last):
        ...
        acclimate.framework.errors.RecipeError: own/loss: Term.reaches must name all features that its gradient reaches,
        but it reaches (source, audio) as well, which a Balancer would leave out.
    """
    differentiable = {key: values for key, values in representations.items() if values.requires_grad}
    if not term.value.requires_grad or not differentiable:
        return
    # torch's types do not know that what is unused has none.
    found: Sequence[Tensor | None] = torch.autograd.grad(
        term.value, list(differentiable.values()), retain_graph=True, allow_unused=True
    )
    gradients = dict(zip(differentiable, found, strict=True))
    if term.reaches is None:
        unused = [key for key, gradient in gradients.items() if gradient is None]
        if unused:
            warnings.warn(
                f"{name}: Term.reaches is left out, which claims all features of a step, but its gradient does not "
                f"reach {_listed(unused)}; a Balancer would differentiate by these as well.",
                RuntimeWarning,
                stacklevel=2,
            )
        return
    left_out = [
        key
        for key, gradient in gradients.items()
        if key not in term.reaches and gradient is not None and bool(gradient.any())
    ]
    if left_out:
        raise RecipeError(
            f"{name}: Term.reaches must name all features that its gradient reaches, but it reaches "
            f"{_listed(left_out)} as well, which a Balancer would leave out."
        )


def _listed(representations: Iterable[Representation]) -> str:
    return ", ".join(f"({side}, {modality})" for side, modality in representations)
