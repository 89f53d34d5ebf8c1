"""The content of a file that a client sent, decoded by what it begins with."""

import base64
import binascii
from typing import Final

from ...framework.data.decoding import Decoded, decode
from ...framework.data.signatures import find_suffix, without_id3
from ...framework.errors import DataError
from .limits import Limits

_KINDS: Final = "WAV, FLAC, OGG, MP3, PNG, JPEG, WEBP, TIFF or NPY"


def decode_content(content: bytes, name: str, limits: Limits, *, is_text: bool = False) -> Decoded:
    """Decode a file that has no name.

    Args:
        content: of a WAV, FLAC, OGG, MP3, PNG, JPEG, WEBP, TIFF or NPY file, or text in UTF-8.
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
        acclimate.framework.errors.DataError: row 0: expected the content of a WAV, FLAC, OGG, ...
    """
    suffix = ".txt" if is_text else find_suffix(without_id3(content))
    if suffix is None:
        raise DataError(
            f"{name}: expected the content of a {_KINDS} file, but found {len(content)} bytes that begin like none of "
            "them."
        )
    return decode(content, suffix, name, limits.bytes)


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
