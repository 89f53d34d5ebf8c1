"""What tests of lower precision share."""

import math
from functools import cache

import torch
from acclimate.framework import Encoder, EncoderInput
from encoders.encoder_cases import CASES
from torch import Tensor


@cache
def trained_case(name: str) -> Encoder:
    """An encoder of `CASES` that has seen a few batches, so that its statistics are not those of a fresh one.

    Tests share it, and leave it as it is.
    """
    with torch.random.fork_rng():
        torch.manual_seed(0)
        case = CASES[name]
        encoder = case.make().train()
        for seed in range(3):
            rows = case.inputs(8, seed=seed)
            encoder(EncoderInput(2 * rows + 1 if rows.is_floating_point() else rows))
    return encoder.eval()


def signal_to_noise(found: Tensor, expected: Tensor) -> float:
    """In decibels."""
    noise = (found - expected).square().sum().item()
    return math.inf if noise == 0 else 10 * math.log10(expected.square().sum().item() / noise)
