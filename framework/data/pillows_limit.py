"""Pillow's own limit on pixels, which stands in the way where ours, in bytes, allows a picture."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_LOCK: Final = Lock()
"""The limit is one for the whole process; whoever takes it away puts it back before another looks at it."""


@contextmanager
def without_pillows_limit(pixels: int) -> Iterator[None]:
    """Let Pillow handle a picture of so many pixels, whose size has been checked; other limits stay as they were.

    Example:
        >>> from PIL import Image
        >>> with without_pillows_limit(10**9):
        ...     print(Image.MAX_IMAGE_PIXELS)
        None
        >>> Image.MAX_IMAGE_PIXELS
        89478485
    """
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is not None and pixels <= Image.MAX_IMAGE_PIXELS:
        yield
        return
    with _LOCK:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before
