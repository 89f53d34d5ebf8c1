"""What must not go on into training, or into a checkpoint: numbers that are not finite."""

import math

import torch
from torch import nn

from ..method import Losses


def infinite_loss(losses: Losses) -> str | None:
    """Which losses of a step are not finite, in words; None where the total is."""
    if bool(torch.isfinite(losses.total)):
        return None
    values = {name: value for name, value in losses.values().items() if not math.isfinite(value)}
    return f"these losses are not finite: {values}"


def infinite_weight(module: nn.Module) -> str | None:
    """Which weight is not finite, in words; None where all are. A gradient may be infinite where its loss is not."""
    for name, parameter in module.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            return f"the weight {name} is not finite"
    return None
