"""Pictures: PNG, JPEG, WEBP and TIFF, and nothing else that Pillow would try."""

import io
import struct
import zlib
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .decoding_limit import check_decoded_size
from .picture_pieces import check_pieces
from .signatures import describe, find_suffix

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage
    from PIL.ImageFile import ImageFile

_READERS: Final = MappingProxyType(
    {
        ".jpg": ("PIL.JpegImagePlugin", "JpegImageFile"),
        ".png": ("PIL.PngImagePlugin", "PngImageFile"),
        ".tif": ("PIL.TiffImagePlugin", "TiffImageFile"),
        ".webp": ("PIL.WebPImagePlugin", "WebPImageFile"),
    }
)
"""Module and class. `Image.open` would try all of Pillow's formats, of which some start programs."""

_MODES: Final = MappingProxyType(
    {
        "1": "L",
        "L": "L",
        "LA": "L",
        "P": "RGB",
        "PA": "RGB",
        "RGB": "RGB",
        "RGBA": "RGB",
        "RGBX": "RGB",
        "YCbCr": "RGB",
        "I;16": "I;16",
        "I;16B": "I;16B",
    }
)
"""Pillow's name of what a picture is turned into, by its name of what it is; transparency is dropped."""

_BYTES: Final = MappingProxyType({"L": 1, "RGB": 3, "I;16": 2, "I;16B": 2})

_HELD: Final = MappingProxyType({"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2})
"""Bytes that Pillow holds for a pixel, by its name of what a picture is; of all else 4."""

_WEBP: Final = 8
"""Bytes that are counted for a pixel of a WEBP: its reader holds a picture several times over."""

_DAMAGE: Final = (OSError, SyntaxError, ValueError, OverflowError, EOFError, struct.error, zlib.error, KeyError)
"""What reading a damaged picture raises, beside Pillow's own."""

_COMPRESSIONS: Final = ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits")
"""Of TIFF, by Pillow's names."""

_SCAN: Final = b"\xff\xda"
"""What begins a pass of a JPEG, and stands nowhere in the codes of its pixels."""

_STRIP: Final = 2**20
"""Pixels that are copied at once."""

_MAX_WORK: Final = 2**32
"""Pixels times passes over them: a JPEG of a few bytes may ask for thousands of passes."""


def decode_picture(data: bytes, name: str, max_bytes: int | None = None) -> NDArray[Any]:
    """Decode a picture, turned as its Exif data say.

    Args:
        data: content of the file.
        name: what errors call it.
        max_bytes: see `check_decoded_size`.

    Returns:
        Bytes `(H, W)` or `(H, W, 3)`, or uint16 `(H, W)` if it is grey with 16 bits.

    Raises:
        DataError: if it is none of the formats, damaged or truncated, several pictures in one, or would become too
            large.
    """
    from PIL import Image

    suffix = find_suffix(data)
    if suffix is None or suffix not in _READERS:
        found = describe(data)
        wanted = "an image" if found[0].isdigit() else "PNG, JPEG, WEBP or TIFF"
        raise DataError(f"{name}: expected {wanted}, but found {found}.")
    try:
        check_pieces(data, suffix, name)
        _check_format(data, suffix, name, max_bytes)
        module, reader = _READERS[suffix]
        picture: ImageFile = getattr(import_module(module), reader)(io.BytesIO(data))
        mode = _check_header(picture, data, suffix, name, max_bytes)
        with _allowing(picture.width * picture.height, Image.MAX_IMAGE_PIXELS):
            picture.load()
            return _to_pixels(_turn_upright(picture, name), mode)
    except (*_DAMAGE, Image.DecompressionBombError, Warning) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name}: expected an image, but found {len(data)} bytes that are none or damaged.") from error
    except MemoryError as error:
        raise DataError(f"{name}: expected an image that fits in memory, but found one that does not.") from error


def _check_format(data: bytes, suffix: str, name: str, max_bytes: int | None) -> None:
    """Look at what a format may hide, before a reader takes time or memory for it."""
    if suffix == ".jpg":
        from .exif import check_jpeg

        check_jpeg(data, name)
    if suffix == ".webp":
        _check_webp(data, name, max_bytes)
    if suffix == ".tif":
        from .tiff_directory import check_directory

        # The decoder takes memory for a whole tile, however small the picture is.
        _check_pixels(*check_directory(data, name), 4, name, max_bytes)


def _allowing(pixels: int, pillows_limit: int | None) -> AbstractContextManager[None]:
    """Let Pillow handle so many pixels, whose size has been checked."""
    if pillows_limit is None or pixels <= pillows_limit:
        return nullcontext()
    from .pillows_limit import without_pillows_limit

    return without_pillows_limit(pixels)


def _turn_upright(picture: "PillowImage", name: str) -> "PillowImage":
    """A picture turned as its Exif data say; one that says nothing of itself, not even in notes, has none."""
    if not picture.info and picture.format != "TIFF":
        return picture
    from .exif import turn_upright

    return turn_upright(picture, name)


def _check_header(picture: "ImageFile", data: bytes, suffix: str, name: str, max_bytes: int | None) -> str:
    """Refuse what is no single picture of bytes, and what is too large; returns Pillow's name of what it becomes."""
    if getattr(picture, "is_animated", False):
        raise DataError(f"{name}: expected one picture, but found several in one file: save one of them.")
    # Pillow reads colours of 16 bits as 8, whatever their range; the depth is the PNG's byte 24.
    bits = data[24] if suffix == ".png" else 8
    if picture.mode not in _MODES or (bits == 16 and picture.mode != "I;16"):
        found = "16 bits" if bits == 16 else "CMYK" if picture.mode == "CMYK" else f"Pillow's mode {picture.mode}"
        raise DataError(
            f"{name}: expected an image in grey or RGB with 8 bits a channel, but found {found}: convert it first."
        )
    compression = picture.info.get("compression")
    if suffix == ".tif" and compression not in _COMPRESSIONS:
        raise DataError(
            f"{name}: expected a TIFF without compression, or with LZW, Deflate or PackBits, but found {compression}: "
            "convert it first."
        )
    mode = _MODES[picture.mode]
    held = max(_BYTES[mode], _HELD.get(picture.mode, 4))
    _check_pixels(picture.width, picture.height, held, name, max_bytes)
    passes = data.count(_SCAN) if suffix == ".jpg" else 1
    if picture.width * picture.height * passes > _MAX_WORK:
        raise DataError(f"{name}: expected a JPEG of fewer passes, but found {passes}: save it anew.")
    return mode


def _to_pixels(picture: "PillowImage", mode: str) -> NDArray[Any]:
    """The pixels, copied strip by strip: Pillow would hold a large picture in memory three times over."""
    channels = (3,) if mode == "RGB" else ()
    pixels = np.empty((picture.height, picture.width, *channels), np.uint8 if _BYTES[mode] != 2 else np.uint16)
    lines = max(1, _STRIP // picture.width)
    for start in range(0, picture.height, lines):
        end = min(start + lines, picture.height)
        strip = picture.crop((0, start, picture.width, end))
        pixels[start:end] = np.asarray(strip if strip.mode == mode else strip.convert(mode))
    return pixels


def _check_pixels(width: int, height: int, bytes_a_pixel: int, name: str, max_bytes: int | None) -> None:
    what = f"an image of {width:,} x {height:,} pixels, {bytes_a_pixel} byte{'s' * (bytes_a_pixel > 1)} each"
    check_decoded_size(width * height * bytes_a_pixel, name, what, max_bytes)


def _check_webp(data: bytes, name: str, max_bytes: int | None) -> None:
    """Look at the size in the header: Pillow's reader takes memory for the picture when it is made."""
    kind, width, height = data[12:16], 0, 0
    if kind == b"VP8 ":
        width, height = (size & 0x3FFF for size in struct.unpack_from("<2H", data, 26))
    elif kind == b"VP8L":
        (sizes,) = struct.unpack_from("<I", data, 21)
        width, height = (sizes & 0x3FFF) + 1, (sizes >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        width, height = (int.from_bytes(data[start : start + 3], "little") + 1 for start in (24, 27))
    _check_pixels(width, height, _WEBP, name, max_bytes)
