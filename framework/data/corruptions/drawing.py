"""Random numbers that depend on the seed and the row alone, not on who asks, when, or in which process."""

from hashlib import blake2b

import numpy as np


def draw_key(seed: int, row: str, modality: str, name: str) -> int:
    """A number of 128 bits, as good as random, that is another one for another row, modality, corruption or seed.

    Args:
        seed: of the corruption.
        row: its id.
        modality: the column.
        name: of the corruption.

    Example:
        >>> draw_key(0, "a1", "image", "drop") == draw_key(0, "a1", "image", "drop")
        True
        >>> draw_key(0, "a1", "image", "drop") == draw_key(0, "a2", "image", "drop")
        False
    """
    words = "\0".join((str(seed), name, modality, row))
    return int.from_bytes(blake2b(words.encode(), digest_size=16).digest(), "big")


def make_generator(seed: int, row: str, modality: str, name: str) -> np.random.Generator:
    """A generator that starts at `draw_key`.

    Example:
        >>> first, again = (make_generator(0, "a1", "image", "gaussian_noise") for _ in range(2))
        >>> bool(first.normal() == again.normal())
        True
    """
    return np.random.default_rng(draw_key(seed, row, modality, name))
