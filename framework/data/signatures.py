"""What a file is by what it begins with, whatever its name says."""

from types import MappingProxyType
from typing import Final

_SUFFIXES: Final = MappingProxyType(
    {
        b"RIFX": ".wav",
        b"RF64": ".wav",
        b"fLaC": ".flac",
        b"OggS": ".ogg",
        b"\x89PNG\r\n\x1a\n": ".png",
        b"\xff\xd8\xff": ".jpg",
        b"II*\0": ".tif",
        b"MM\0*": ".tif",
        b"II+\0": ".tif",
        b"MM\0+": ".tif",
        b"\x93NUMPY": ".npy",
    }
)
"""What files that can be read begin with, but for RIFF and MP3, and the end of their names."""

_PAGE: Final = "a web page"

_OTHERS: Final = MappingProxyType(
    {
        b"GIF8": "GIF",
        b"BM": "BMP",
        b"%!": "PostScript",
        b"%PDF": "PDF",
        b"8BPS": "Photoshop",
        b"\0\0\0\x0cjP": "JPEG 2000",
        b"\0\0\1\0": "ICO",
        b"FORM": "AIFF",
        b".snd": "AU",
        b"caff": "CAF",
        b"riff": "W64",
        b"#!AMR": "AMR",
        b"\x1aE\xdf\xa3": "Matroska",
        b"PK\3\4": "ZIP",
        b"\x1f\x8b": "gzip",
        b"\x89HDF": "HDF5",
        b"SIMPLE": "FITS",
        b"<svg": "SVG",
        b"<?xml": "XML",
        b"<!DOCTYPE": _PAGE,
        b"<!doctype": _PAGE,
        b"<html": _PAGE,
    }
)
"""What files that cannot be read begin with, and what they are."""

_RIFF: Final = MappingProxyType({b"WAVE": ".wav", b"WEBP": ".webp"})
_ID3_HEADER: Final = 10
_MAX_TAGS: Final = 16
"""Before sound; a file may hold millions, and each takes time."""

_LAYER_3: Final = 0b01


def without_id3(content: bytes) -> bytes:
    """A file without the ID3 tags that some programs put before sound of any kind, which decoders stumble over."""
    start = 0
    for _ in range(_MAX_TAGS):
        if content[start : start + 3] != b"ID3" or len(content) < start + _ID3_HEADER:
            break
        *_, flags, first, second, third, fourth = content[start : start + _ID3_HEADER]
        footer = _ID3_HEADER if flags & 0x10 else 0
        start += _ID3_HEADER + (first << 21 | second << 14 | third << 7 | fourth) + footer
    return content[start:] if start else content


def find_suffix(content: bytes) -> str | None:
    """The end of the name that a file should have which begins like this; None where it is nothing that can be read.

    Example:
        >>> find_suffix(b"fLaC..."), find_suffix(b"RIFF....WEBPVP8 "), find_suffix(b"GIF89a")
        ('.flac', '.webp', None)
    """
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12])
    for signature, suffix in _SUFFIXES.items():
        if content.startswith(signature):
            return suffix
    return ".mp3" if _begins_as_mp3(content) else None


def describe(content: bytes) -> str:
    """What a file is, for errors: by its beginning, else how many bytes it has.

    Example:
        >>> describe(b"%!PS-Adobe-3.0"), describe(b"hello")
        ('PostScript (convert it first)', '5 bytes that are none or damaged')
    """
    if content[4:8] == b"ftyp":
        brand = {b"heic": "HEIC", b"mif1": "HEIC", b"avif": "AVIF", b"M4A ": "M4A"}.get(content[8:12], "MP4")
        return f"{brand} (convert it first)"
    known = find_suffix(content)
    if known is not None:
        return known[1:].upper()
    begun = [name for signature, name in _OTHERS.items() if content.startswith(signature)]
    if not begun:
        return f"{len(content)} bytes that are none or damaged"
    return begun[0] if begun[0] == _PAGE else f"{begun[0]} (convert it first)"


def _begins_as_mp3(content: bytes) -> bool:
    """Whether there is the header of a frame of MPEG's layer 3, with a bit rate and a sampling rate that exist."""
    if len(content) < 4 or content[0] != 0xFF or content[1] & 0xE0 != 0xE0:
        return False
    version, layer, rates = content[1] >> 3 & 3, content[1] >> 1 & 3, content[2]
    return version != 1 and layer == _LAYER_3 and rates >> 4 not in {0, 15} and rates >> 2 & 3 != 3
