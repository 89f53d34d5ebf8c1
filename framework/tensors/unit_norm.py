"""Scaling feature vectors to norm 1 (A3D2, ACL 2025, section 3; MODfinity, CVPR 2025)."""

from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

SMALLEST_NORM: Final = 1e-4
"""Vectors that are shorter stay as they are: the gradient of their direction would know no bound."""


def to_unit_norm(features: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
    """Each row divided by its Euclidean norm; rows shorter than `SMALLEST_NORM`, such as zeros, stay as they are.

    Example:
        >>> to_unit_norm(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    norms = torch.linalg.vector_norm(features, dim=1, keepdim=True)
    return features / torch.where(norms < SMALLEST_NORM, 1.0, norms)
