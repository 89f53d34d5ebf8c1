"""Random numbers from a seed, and afterwards those that would have come without it."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let torch's own generators begin at a seed, and go on at the end from where they were.

    Args:
        seed: of the generators of all devices.

    Example:
        >>> with seeded(0):
        ...     first = torch.rand(3)
        >>> with seeded(0):
        ...     print(bool((torch.rand(3) == first).all()), bool((torch.rand(3) == first).all()))
        True False
    """
    if torch.accelerator.is_available():
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
        return
    # Where there is no other device, torch.manual_seed writes down for each kind of them from where it was called, and
    # takes hundreds of times as long.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
