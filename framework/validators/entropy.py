"""The entropy of predictions."""

import torch
from jaxtyping import Float
from torch import Tensor


def entropy(probabilities: Float[Tensor, "... classes"]) -> Float[Tensor, "..."]:
    """Entropy along the last dimension, in nats.

    Example:
        >>> entropy(torch.tensor([[0.5, 0.5], [1.0, 0.0]]))
        tensor([0.6931, 0.0000])
    """
    found: Tensor = torch.special.entr(probabilities).sum(dim=-1)
    return found
