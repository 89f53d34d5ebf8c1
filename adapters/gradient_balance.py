"""The Balancer that differentiates: the Gram matrix of competing terms' gradients, by which a Weighting weighs them."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..framework.batch import Representation, Term
from ..framework.interfaces import Balancer
from .weighting import EqualWeighting, PSDMatrix, Weighting, Weights


def term_gradient(
    term: Term, representations: Mapping[Representation, Float[Tensor, "batch _"]]
) -> Mapping[Representation, Float[Tensor, "batch _"]]:
    """Gradient of a term's value, without its weight, by the representations that it reaches.

    In closed form where the term brings it; else by differentiation down to the representations, and no further.

    Returns:
        Gradients by representation, constants; a representation that is missing has gradient zero.
    """
    if term.gradient is not None:
        return {name: gradient.detach() for name, gradient in term.gradient.items()}
    reached = {
        name: values
        for name, values in representations.items()
        if values.requires_grad and (term.reaches is None or name in term.reaches)
    }
    if not reached or not term.value.requires_grad:
        return {}
    # The graph is needed again, by the backward pass of the whole loss.
    gradients = torch.autograd.grad(term.value, list(reached.values()), retain_graph=True, materialize_grads=True)
    return dict(zip(reached, gradients, strict=True))


def gram_matrix(
    terms: Sequence[Term], representations: Mapping[Representation, Float[Tensor, "batch _"]]
) -> Float[Tensor, "terms terms"]:
    r"""Inner products of the weighted terms' gradients, :math:`Q_{ij} = w_i w_j \langle \nabla L_i, \nabla L_j\rangle`.

    Sums run over all rows of both sides and all modalities: each gradient is one long vector. In float32 at least, also
    under autocast.

    Example:
        >>> values = torch.tensor([[1.0, 2.0]], requires_grad=True)
        >>> terms = [Term(values.sum()), Term(values[0, 0], weight=3.0)]
        >>> gram_matrix(terms, {("source", "audio"): values}).tolist()
        [[2.0, 3.0], [3.0, 9.0]]
    """
    value = terms[0].value.detach()
    weights = value.new_tensor([term.weight for term in terms])
    gradients = [term_gradient(term, representations) for term in terms]
    gram = value.new_zeros(len(terms), len(terms))
    with torch.autocast(value.device.type, enabled=False):
        for name in dict.fromkeys(name for gradient in gradients for name in gradient):
            reaching = [position for position, gradient in enumerate(gradients) if name in gradient]
            vectors = torch.stack([gradients[position][name].flatten() for position in reaching])
            places = torch.tensor(reaching, device=value.device)
            gram[places.unsqueeze(1), places] += vectors @ vectors.T
    return gram * weights.outer(weights)


class GradientBalance(Balancer):
    """Weighs competing terms by the Gram matrix of their gradients, and sums them: a Weighting says how.

    Gradients are those of the terms, times their own weights, by the representations of both sides; no backward pass
    goes through the encoders. The weights are constants. Where no term has a gradient, all weigh the same.

    Args:
        weighting: what gives each term its weight; in a recipe a `class_path` under `weighting:`.

    Example:
        >>> from acclimate.adapters import ParetoWeighting
        >>> features = torch.tensor([[5.0, 10.0]], requires_grad=True)
        >>> terms = {"short": Term(features[0, 0]), "long": Term(2 * features[0, 1])}
        >>> total = GradientBalance(ParetoWeighting())(terms, {("source", "audio"): features})
        >>> round(total.item(), 3)  # 0.8 * 5 + 0.2 * 20
        8.0
    """

    def __init__(self, weighting: Weighting) -> None:
        super().__init__()
        self.weighting = weighting

    def forward(
        self, terms: Mapping[str, Term], representations: Mapping[Representation, Float[Tensor, "batch _"]]
    ) -> Float[Tensor, ""]:
        """Sum of the terms by their weights; 0 where there are no terms.

        Raises:
            ValueError: if the weighting does not give each term a weight.
        """
        if not terms:
            return torch.zeros(())
        weighted = torch.stack([term.weighted for term in terms.values()])
        gram = gram_matrix(list(terms.values()), representations)
        any_gradient = bool((gram.diagonal() > 0).any())
        weights: Tensor = self.weighting(gram).detach() if any_gradient else EqualWeighting()(gram)
        if weights.shape != weighted.shape:
            raise ValueError(
                f"{type(self.weighting).__name__} must give weights of the shape {tuple(weighted.shape)}, one for each "
                f"term, but got {tuple(weights.shape)}."
            )
        if any_gradient and self.training:
            self.record(tuple(terms), gram, weights)
        return (weights * weighted).sum()

    def record(self, names: Sequence[str], gram: PSDMatrix, weights: Weights) -> None:
        """Keep what a step of training gave to the terms of these names; for those that have something to measure."""
