"""State of random generators, so that a run goes on with the numbers that it would have drawn."""

from collections.abc import Mapping

import torch
from torch import Tensor


def random_state(generator: torch.Generator, device: torch.device) -> dict[str, Tensor]:
    """State of a generator and of torch's own ones.

    Args:
        generator: of the loop.
        device: that the process trains on.
    """
    states = {"generator": generator.get_state(), "torch": torch.get_rng_state()}
    return {**states, "cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else states


def load_random_state(generator: torch.Generator, device: torch.device, states: Mapping[str, Tensor]) -> None:
    """Put saved states back."""
    generator.set_state(states["generator"])
    torch.set_rng_state(states["torch"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
