"""The content of a file that a client sent, decoded by what it begins with."""

import base64
import binascii
import contextlib
import io
from typing import Final

from ...framework.data.decoding import Decoded, decode
from ...framework.errors import DataError
from .limits import Limits

_SIGNATURES: Final = (
    (b"RIFF", ".wav"),
    (b"RF64", ".wav"),
    (b"fLaC", ".flac"),
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x93NUMPY", ".npy"),
)
"""What files begin with, and the end of their names."""


def decode_content(content: bytes, name: str, limits: Limits, *, is_text: bool = False) -> Decoded:
    """Decode a file that has no name.

    Args:
        content: of a WAV, FLAC, PNG, JPEG or NPY file, or text in UTF-8.
        name: what errors call it.
        limits: of what it may become.
        is_text: whether text is expected: no text is taken for a file.

    Raises:
        DataError: if it is none of these, is damaged, or would become too large.

    Example:
        >>> decode_content(b"a fine day", "row 0", Limits(), is_text=True).value
        'a fine day'
        >>> decode_content(b"GIF89a", "row 0", Limits())
        Traceback (most recent call last):
        acclimate.framework.errors.DataError: row 0: expected the content of a WAV, FLAC, PNG, JPEG or NPY file, ...
    """
    found = [suffix for signature, suffix in _SIGNATURES if content.startswith(signature)]
    if is_text:
        found = [".txt"]
    if not found:
        raise DataError(
            f"{name}: expected the content of a WAV, FLAC, PNG, JPEG or NPY file, but found {len(content)} bytes that "
            "begin like none of them."
        )
    size = _decoded_size(content, found[0])
    if size > limits.bytes:
        raise DataError(f"{name}: expected at most {limits.bytes} bytes after decoding, but found {size}.")
    return decode(content, found[0], name)


def decode_base64(text: str, name: str) -> bytes:
    """Bytes that came as text.

    Raises:
        DataError: if they did not.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(
            f"{name}: expected a file's content in base64, but got {len(text)} characters that are not."
        ) from error


def _decoded_size(content: bytes, suffix: str) -> int:
    """Bytes that the file says it becomes. A small FLAC or PNG file can hold gigabytes."""
    # A header that cannot be read is reported when the whole file is.
    with contextlib.suppress(Exception):
        if suffix in {".wav", ".flac"}:
            import soundfile

            with soundfile.SoundFile(io.BytesIO(content)) as sound:
                return 4 * int(sound.frames) * int(sound.channels)
        if suffix in {".png", ".jpg"}:
            from PIL import Image

            with Image.open(io.BytesIO(content)) as image:
                return 4 * image.width * image.height
    return len(content)
