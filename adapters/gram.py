"""How much the gradients of competing terms pull together: the Gram matrix that Balancers weigh by."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..framework.batch import Representation, Term


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
