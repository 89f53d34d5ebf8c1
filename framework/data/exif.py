"""Exif data of pictures: bounded before Pillow reads them, and of use only for how a picture is turned."""

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from ..errors import DataError
from .picture_pieces import jpeg_pieces
from .tiff_directory import check_directory

if TYPE_CHECKING:
    from PIL.Image import Image

_START: Final = b"Exif\0\0"
_RAW: Final = "Raw profile type exif"
"""The name under which older programs put Exif data into a PNG, as text."""

_ORIENTATION: Final = 0x0112

_MOST: Final = MappingProxyType({(b"\xff\xe1", _START): 16, (b"\xff\xed", b"Photoshop 3.0\0"): 256})
"""Pieces of a JPEG, by marker and beginning, and how many of 64 KB each there may be: Pillow joins those of Exif data
one by one, and looks through Photoshop's in Python."""


def check_jpeg(data: bytes, name: str) -> None:
    """Refuse a JPEG with more Exif data than a camera writes.

    Raises:
        DataError: naming what there is too much of.
    """
    found: dict[bytes, list[bytes]] = {}
    for start, end in jpeg_pieces(data):
        for marker, beginning in _MOST:
            if data[start : start + 2] == marker and data[start + 4 : start + 4 + len(beginning)] == beginning:
                found.setdefault(beginning, []).append(data[start + 4 + len(beginning) : end])
    for (_, beginning), most in _MOST.items():
        count = len(found.get(beginning, ()))
        if count > most:
            label = beginning.rstrip(b"\0").decode()
            raise DataError(f"{name}: expected at most {most} pieces of {label} data, but found {count}: save it anew.")
    _check(b"".join(found.get(_START, ())), name)


def turn_upright(picture: "Image", name: str) -> "Image":
    """A picture turned as its Exif data say.

    Raises:
        DataError: if there are more of them than a camera writes.
    """
    from PIL.Image import Transpose

    _check(picture.info.get("exif", b""), name)
    if _RAW in picture.info:
        _check(bytes.fromhex("".join(picture.info[_RAW].split("\n")[3:])), name)
    method = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }.get(picture.getexif().get(_ORIENTATION, 1))
    return picture if method is None else picture.transpose(method)


def _check(exif: bytes, name: str) -> None:
    while exif.startswith(_START):
        exif = exif[len(_START) :]
    if exif[:2] in {b"II", b"MM"}:
        check_directory(exif, f"{name}: Exif data")
