"""How large the list of a .zip's members is, which takes ten times its size of memory when it is read."""

import struct
from pathlib import Path
from typing import Final

from ..errors import DataError
from .decoding_limit import decoding_limit, raising_hint

_END: Final = b"PK\5\6"
_END_SIZE: Final = 22
_LONGEST_COMMENT: Final = 2**16
_WIDE: Final = 0xFFFFFFFF
"""Where 32 bits are not enough, and a wider record says it."""

_SHARE: Final = 4
"""The list may have this part of what a cell may become: 64 MiB, about 700,000 members."""


def check_directory(path: Path) -> None:
    """Refuse an archive whose list of members is too large, before it is read.

    Raises:
        DataError: naming its size and what raises the limit.
        OSError: if the file cannot be read.
    """
    size, limit = _directory_size(path), decoding_limit() // _SHARE
    if size > limit:
        raise DataError(
            f"expected an archive whose list of members has at most {limit:,} bytes, but found {size:,}: "
            f"{raising_hint(_SHARE * size)}."
        )


def _directory_size(path: Path) -> int:
    """0 where there is no such list; whoever opens the archive says so."""
    whole = path.stat().st_size
    start = max(0, whole - _END_SIZE - _LONGEST_COMMENT - 2**10)
    with path.open("rb") as file:
        file.seek(start)
        tail = file.read(whole - start)
        position = tail.rfind(_END)
        if position < 0 or position + _END_SIZE > len(tail):
            return 0
        size = int(struct.unpack_from("<I", tail, position + 12)[0])
        # A record of 20 bytes before this one says where the wider one is.
        if size != _WIDE or position < 20 or tail[position - 20 : position - 16] != b"PK\6\7":
            return min(size, whole)
        file.seek(struct.unpack_from("<Q", tail, position - 12)[0])
        record = file.read(56)
    return min(int.from_bytes(record[40:48], "little"), whole)
