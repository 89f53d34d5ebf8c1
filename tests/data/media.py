"""Contents of files, good, wrong and hostile, for the tests of what decodes them."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

POSTSCRIPT: Final = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 16 16\n%%EndComments\nshowpage\n%%EOF\n"
"""For which Pillow would start Ghostscript."""


def sound(container: str = "WAV", subtype: str | None = None, *, samples: int = 4000) -> bytes:
    """A tone at 8 kHz."""
    stream = io.BytesIO()
    soundfile.write(stream, 0.3 * np.sin(np.arange(samples) / 9), 8000, subtype, format=container)
    return stream.getvalue()


def picture(kind: str, mode: str = "RGB", **options: Any) -> bytes:  # noqa: ANN401 - they are Pillow's
    """A picture of 8 x 6 pixels, of a slope."""
    stream = io.BytesIO()
    pixels = (np.arange(48, dtype=np.uint8) * 5).reshape(6, 8)
    Image.fromarray(pixels).convert(mode).save(stream, kind, **options)
    return stream.getvalue()


def npy(values: NDArray[Any]) -> bytes:
    """An array of numbers."""
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def npy_of(shape: tuple[int, ...], data: bytes = b"") -> bytes:
    """An array whose header promises float32 of any shape."""
    header = str({"descr": "<f4", "fortran_order": False, "shape": shape}).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def archive(members: Mapping[str, bytes], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A .zip or .npz."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def png_of(width: int, height: int, colour: int = 3, lines: int | None = None) -> bytes:
    """A PNG of one colour, by its palette unless it is another type of colour; it may have fewer lines than it says."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    packer = zlib.compressobj(9)
    line = bytes(1 + width * channels)
    rows = b"".join(packer.compress(line) for _ in range(height if lines is None else lines)) + packer.flush()
    header = struct.pack(">2I5B", width, height, 8, colour, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", bytes(3)), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


GOOD: Final = MappingProxyType(
    {
        "a.wav": sound(),
        "a.flac": sound("FLAC"),
        "a.ogg": sound("OGG", "VORBIS"),
        "b.ogg": sound("OGG", "OPUS"),
        "a.mp3": sound("MP3"),
        "a.png": picture("png"),
        "a.jpg": picture("jpeg"),
        "a.webp": picture("webp"),
        "a.tif": picture("tiff", compression="tiff_lzw"),
        "b.tif": picture("tiff"),
        "a.npy": npy(np.arange(12.0).reshape(3, 4)),
        "a.txt": b"a fine day",
    }
)
"""One file of each kind that is read, by a name that it may have."""

FOREIGN: Final = MappingProxyType(
    {
        "postscript": POSTSCRIPT,
        "xbm": b"#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {\n0x55};\n",
        "gif": picture("gif", "P"),
        "bmp": picture("bmp"),
        "msp": picture("msp", "1"),
        "pcx": picture("pcx"),
        "ppm": picture("ppm"),
        "tga": picture("tga"),
        "ico": picture("ico"),
        "jpeg2000": picture("jpeg2000"),
        "pdf": picture("pdf"),
        "wmf": b"\xd7\xcd\xc6\x9a\0\0\0\0\0\0\x10\0\x10\0\xe8\x03" + bytes(30),
        "fits": b"SIMPLE  =                    T" + bytes(2850),
        "html": b"<!DOCTYPE html><script>alert(1)</script>",
        "playlist": b"#EXTM3U\nhttp://127.0.0.1:9/a.mp3\n",
        "url": b"http://127.0.0.1:9/a.png",
        "shell": b"#!/bin/sh\ntouch /tmp/owned\n",
        "pickle": b"cos\nsystem\n(S'true'\ntR.",
        "aiff": sound("AIFF"),
        "au": sound("AU"),
        "caf": sound("CAF"),
        "w64": sound("W64"),
        "voc": sound("VOC"),
        "nist": sound("NIST"),
        "mat5": sound("MAT5"),
        "g721": sound("AU", "G721_32"),
        "nms": sound("WAV", "NMS_ADPCM_16"),
        "heic": b"\0\0\0\x18ftypheic" + bytes(100),
        "empty": b"",
        "zeros": bytes(1000),
    }
)
"""What is no file of any kind that is read."""
