"""Whether OGG and MP3 files are whole, as far as they say so themselves."""

import struct
from typing import Final

_PAGE_HEADER: Final = 27
_LAST_PAGE: Final = 4
_COUNTS: Final = 0b11
"""The flags of a Xing header that has the number of frames and the number of bytes."""


def ogg_is_cut(data: bytes) -> bool:
    """Whether an OGG file ends within a page, or before the page that its writer marked as the last one."""
    position, last = 0, False
    while data[position : position + 4] == b"OggS" and position + _PAGE_HEADER <= len(data):
        segments = data[position + _PAGE_HEADER - 1]
        sizes = data[position + _PAGE_HEADER : position + _PAGE_HEADER + segments]
        end = position + _PAGE_HEADER + segments + sum(sizes)
        if len(sizes) < segments or end > len(data):
            return True
        last = bool(data[position + 5] & _LAST_PAGE)
        position = end
    return not last


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
