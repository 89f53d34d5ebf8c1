"""How much a pickle may become: a small one can name the same thing many times, and each name may become a copy."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from ...errors import DataError

BASE_BYTES: Final = 2**29
FACTOR: Final = 16
"""A pickle may become `BASE_BYTES` and so many times its own bytes, of which each value takes one at least."""

ELEMENT: Final = 16
"""Bytes that a value in a list counts for."""

ARRAY: Final = 1024
"""Bytes that an array with a name of its own counts for."""

_LEFT: ContextVar[list[int] | None] = ContextVar("_LEFT", default=None)


@contextmanager
def budget(size: int) -> Iterator[None]:
    """Within it, `spend` adds up.

    Args:
        size: of the pickle in bytes.
    """
    token = _LEFT.set([BASE_BYTES + FACTOR * size])
    try:
        yield
    finally:
        _LEFT.reset(token)


def spend(count: int) -> None:
    """Take so many bytes.

    Raises:
        DataError: if there are not as many left.

    Example:
        >>> with budget(1):
        ...     spend(2**40)
        Traceback (most recent call last):
        acclimate.framework.errors.DataError: expected a pickle of data, but found one that becomes many times its ...
    """
    left = _LEFT.get()
    if left is None:
        return
    left[0] -= count
    if left[0] < 0:
        raise DataError(
            "expected a pickle of data, but found one that becomes many times its own size, by naming the same things "
            "again and again."
        )
