"""What mirrors said last, kept for when they cannot be asked."""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Final

from ...framework.errors import ZooError
from ...framework.files.whole_file import write_whole
from ..cache import Cache
from ..folder import read_bounded

_FOLDER: Final = "notes"
"""In the cache, and of the lock; no name of a checkpoint, since it has no point."""


def read_note(cache: Cache, key: str, limit: int) -> bytes | None:
    """What was noted last; None if nothing was, or it has more bytes than allowed."""
    try:
        return read_bounded(_place(cache, key), limit)
    except ZooError:
        return None


def write_note(cache: Cache, key: str, content: bytes) -> None:
    """Note something. In a cache that cannot be written nothing is noted: it would have been for later."""
    if read_note(cache, key, len(content)) == content:
        return
    path = _place(cache, key)
    with suppress(ZooError), cache.locked(_FOLDER), cache.writing():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def _place(cache: Cache, key: str) -> Path:
    return cache.folder / _FOLDER / hashlib.sha256(key.encode()).hexdigest()
