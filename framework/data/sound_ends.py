"""Whether OGG and MP3 files are whole, as far as they say so themselves."""

import struct
from typing import Final

_PAGE: Final = b"OggS"
_PAGE_HEADER: Final = 27
_LAST_PAGE: Final = 4
_COUNTS: Final = 0b11
"""The flags of a Xing header that has the number of frames and the number of bytes."""


def ogg_is_cut(data: bytes) -> bool:
    """Whether an OGG file ends within a page, or with another page than the one that its writer marked as the last."""
    position = data.rfind(_PAGE)
    # The letters may stand within a page by chance, but no version of OGG other than 0 does behind them.
    while position > 0 and data[position + len(_PAGE) : position + len(_PAGE) + 1] != b"\0":
        position = data.rfind(_PAGE, 0, position)
    if position + _PAGE_HEADER > len(data):
        return True
    segments = data[position + _PAGE_HEADER - 1]
    sizes = data[position + _PAGE_HEADER : position + _PAGE_HEADER + segments]
    end = position + _PAGE_HEADER + segments + sum(sizes)
    return len(sizes) < segments or end > len(data) or not data[position + 5] & _LAST_PAGE


def mp3_missing_bytes(data: bytes) -> int:
    """Bytes that the first frame of an MP3 file promises, and that are not there; 0 where it does not say.

    LAME, ffmpeg and most others write such a frame (called Xing, Info or VBRI).
    """
    is_mono, is_mpeg1 = data[3] >> 6 == 3, data[1] >> 3 & 3 == 3
    start = 4 + ((17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17))
    if data[start : start + 4] in {b"Xing", b"Info"} and len(data) >= start + 16:
        flags, _, promised = struct.unpack_from(">3I", data, start + 4)
        return max(0, promised - len(data)) if flags & _COUNTS == _COUNTS else 0
    if data[36:40] == b"VBRI" and len(data) >= 50:
        return max(0, int(struct.unpack_from(">I", data, 46)[0]) - len(data))
    return 0
