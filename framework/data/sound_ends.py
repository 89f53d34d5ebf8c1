"""Whether OGG, FLAC and MP3 files are whole and one recording, as far as they say so themselves."""

import re
import struct
from typing import Final

from .signatures import find_suffix, without_id3

_PAGE: Final = b"OggS"
_PAGE_HEADER: Final = 27
_LAST_PAGE: Final = 4
_LATER_PAGE: Final = re.compile(rb"OggS\0[\0\1\4\5]")
_FIRST_PAGE: Final = re.compile(rb"OggS\0[\2\3\6\7]")
"""A page by the flags behind its version: the first of a stream has the second of them. Streams side by side begin all
of them before any goes on."""

_FLAC: Final = re.compile(rb"fLaC[\0\x80]\0\0\x22")
"""What a FLAC file begins with: a block of 34 bytes comes first."""

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


def is_joined(data: bytes, suffix: str) -> bool:
    """Whether another recording follows the first, which is all that decoders read.

    Args:
        data: content of a file of sound.
        suffix: `.flac`, `.mp3` or `.ogg`; others are not looked at. An MP3 says it where each part begins with a frame
            that promises its bytes.
    """
    if suffix == ".ogg":
        later = _LATER_PAGE.search(data)
        return later is not None and _FIRST_PAGE.search(data, later.end()) is not None
    if suffix == ".flac":
        return _FLAC.search(data, 1) is not None
    if suffix == ".mp3":
        promised = _mp3_promised(data)
        rest = without_id3(data[promised:]) if promised else b""
        return find_suffix(rest) == ".mp3" and _mp3_promised(rest) is not None
    return False


def mp3_missing_bytes(data: bytes) -> int:
    """Bytes that the first frame of an MP3 file promises, and that are not there; 0 where it does not say."""
    return max(0, (_mp3_promised(data) or 0) - len(data))


def _mp3_promised(data: bytes) -> int | None:
    """Bytes that the first frame of an MP3 file promises; None where it does not say.

    LAME, ffmpeg and most others write such a frame (called Xing, Info or VBRI).
    """
    is_mono, is_mpeg1 = data[3] >> 6 == 3, data[1] >> 3 & 3 == 3
    start = 4 + ((17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17))
    if data[start : start + 4] in {b"Xing", b"Info"} and len(data) >= start + 16:
        flags, _, promised = struct.unpack_from(">3I", data, start + 4)
        return int(promised) if flags & _COUNTS == _COUNTS else None
    if data[36:40] == b"VBRI" and len(data) >= 50:
        return int(struct.unpack_from(">I", data, 46)[0])
    return None
