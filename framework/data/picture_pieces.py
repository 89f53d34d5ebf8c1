"""How many pieces a PNG or a JPEG is made of: Pillow handles each in Python, and a file may have millions."""

import struct
from collections.abc import Iterator
from typing import Final

from ..errors import DataError

_PNG_START: Final = 8
_PNG_PIECES: Final = 4096
_PNG_PIECE_BYTES: Final = 512
"""A PNG may have some thousand pieces, and one more for so many bytes; most programs write 8 KB in each."""

_JPEG_PIECES: Final = 4096
"""Before the first scan; what comes then is libjpeg's, and fast."""

_SCAN: Final = 0xDA
_BARE: Final = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})
"""Markers that no length follows."""

_PADDING: Final = 256
"""Bytes of padding that count as one piece."""


def check_pieces(data: bytes, suffix: str, name: str) -> None:
    """Refuse a picture of more pieces than a camera or a program makes.

    Args:
        data: content of the file.
        suffix: `.png` or `.jpg`; others are not looked at.
        name: what errors call it.

    Raises:
        DataError: if there are too many.
    """
    most = {".png": _PNG_PIECES + len(data) // _PNG_PIECE_BYTES, ".jpg": _JPEG_PIECES}.get(suffix)
    if most is None:
        return
    position = _PNG_START if suffix == ".png" else 2
    for _ in range(most):
        step = _png_step(data, position) if suffix == ".png" else _jpeg_step(data, position)
        if step == 0:
            return
        position += step
    raise DataError(f"{name}: expected a picture of at most {most} pieces, but found more: save it anew.")


def jpeg_pieces(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each piece of a JPEG begins and ends, up to the first scan; `check_pieces` bounds how many there are."""
    position = 2
    while step := _jpeg_step(data, position):
        yield position, position + step
        position += step


def _png_step(data: bytes, position: int) -> int:
    """Bytes to the next piece; 0 where there is none."""
    if position + 12 > len(data):
        return 0
    return 12 + int(struct.unpack_from(">I", data, position)[0])


def _jpeg_step(data: bytes, position: int) -> int:
    """Bytes to the next piece; 0 at the first scan, and where there is none."""
    if position + 4 > len(data):
        return 0
    if data[position] != 0xFF:
        # Padding, which Pillow passes over byte by byte.
        following = data.find(b"\xff", position, position + _PADDING)
        return following - position if following > 0 else _PADDING
    marker = data[position + 1]
    if marker == _SCAN:
        return 0
    if marker == 0xFF:
        return 1
    if marker in _BARE:
        return 2
    return 2 + int(struct.unpack_from(">H", data, position + 2)[0])
