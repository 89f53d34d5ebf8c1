"""Arrays that were read lately, within a bound."""

from typing import Any, Final

from numpy.typing import NDArray

MAX_ARRAYS: Final = 64
"""That are kept, mapped ones among them, of which each holds a file open."""


class RecentArrays:
    """Arrays by key; those that were not asked for longest go first.

    Threads may share it: where two meet, one of them may find nothing, and reads once more.

    Example:
        >>> import numpy as np
        >>> recent = RecentArrays()
        >>> for key in "abc":
        ...     recent.keep(key, np.zeros(4, np.uint8), 4, max_bytes=8)
        >>> [key for key in "abc" if recent.get(key) is not None]
        ['b', 'c']
    """

    def __init__(self) -> None:
        self._arrays: dict[object, tuple[NDArray[Any], int]] = {}

    def get(self, key: object) -> NDArray[Any] | None:
        """The array of a key, None where it is not there."""
        found = self._arrays.pop(key, None)
        if found is None:
            return None
        self._arrays[key] = found
        return found[0]

    def keep(self, key: object, array: NDArray[Any], size: int, max_bytes: int) -> None:
        """Keep an array, and let others go until there is room; one that is larger than all room is not kept.

        Args:
            key: that it is asked for by.
            array: that is kept.
            size: bytes of memory that it takes.
            max_bytes: that all may take.
        """
        if size > max_bytes:
            return
        kept = list(self._arrays.items())
        total = size + sum(taken for _, (_, taken) in kept)
        for oldest, (_, taken) in kept:
            if total <= max_bytes and len(self._arrays) < MAX_ARRAYS:
                break
            self._arrays.pop(oldest, None)
            total -= taken
        self._arrays[key] = (array, size)
