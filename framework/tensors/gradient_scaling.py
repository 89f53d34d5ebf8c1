"""Scaling gradients on their way back."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


class _ScaleGradient(torch.autograd.Function):
    # Any: torch has no type for a context that keeps attributes.

    @staticmethod
    def forward(context: Any, tensor: Tensor, factor: float) -> Tensor:  # noqa: ANN401
        context.factor = factor
        return tensor.view_as(tensor)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        return context.factor * gradients[0], None


def scale_gradient(tensor: Float[Tensor, "*shape"], factor: float) -> Float[Tensor, "*shape"]:
    """The same values; their gradient comes back times `factor`.

    Example:
        >>> weight = torch.tensor([1.0], requires_grad=True)
        >>> scale_gradient(weight, -0.5).sum().backward()
        >>> weight.grad
        tensor([-0.5000])
    """
    scaled: Tensor = _ScaleGradient.apply(tensor, factor)
    return scaled
