"""Bytes of a file to an array, by the end of the file's name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import attrs
from numpy.typing import NDArray

from ..errors import DataError
from .decoding_limit import decoding_limit, raising_hint

DecodedKind: TypeAlias = Literal["audio", "image", "array", "text"]

_MARKS: Final = MappingProxyType(
    {
        b"\xff\xfe\0\0": "utf-32",
        b"\0\0\xfe\xff": "utf-32",
        b"\xff\xfe": "utf-16",
        b"\xfe\xff": "utf-16",
    }
)
"""What text in UTF-32 and UTF-16 begins with, the longer marks first, and text in UTF-8 never."""

_TEXT_SHARE: Final = 64
"""A text may have this part of the bytes that sound may have: each of its letters may become a token."""


@attrs.frozen(eq=False)
class Decoded:
    """What a file holds.

    Args:
        kind: what kind of file it was.
        value: audio as float32 `(T,)` or `(T, channels)`; an image as uint8 `(H, W)` or `(H, W, 3)`, or as uint16
            `(H, W)` if it is grey with 16 bits; any array; or text.
        sampling_rate: of audio, in Hz.
        name: the cell that named it, for errors.
    """

    kind: DecodedKind
    value: NDArray[Any] | str
    sampling_rate: int | None = None
    name: str = ""

    def array(self) -> NDArray[Any]:
        """The value as an array.

        Raises:
            DataError: if it is text, or an array of something else than real numbers.
        """
        if isinstance(self.value, str):
            raise DataError(f"{self.name}: expected numbers, but found text.")
        if self.value.dtype.kind not in "biuf":
            raise DataError(f"{self.name}: expected real numbers, but found an array of {self.value.dtype}.")
        return self.value


def decode(data: bytes, suffix: str, name: str, max_bytes: int | None = None) -> Decoded:
    """Decode a file's content.

    Args:
        data: the content.
        suffix: end of the file's name, one of `reference.SUFFIXES`.
        name: what errors call it.
        max_bytes: that it may become; None means what the user allows, `decoding_limit`.

    Raises:
        DataError: if the content is not what the suffix promises, or would become too large.

    Example:
        >>> decode("a fine day".encode(), ".txt", "note.txt").value
        'a fine day'
    """
    return _DECODERS[suffix](data, name, max_bytes)


def _decode_audio(data: bytes, name: str, max_bytes: int | None) -> Decoded:
    from .sound import decode_sound

    value, sampling_rate = decode_sound(data, name, max_bytes)
    return Decoded("audio", value, sampling_rate, name)


def _decode_image(data: bytes, name: str, max_bytes: int | None) -> Decoded:
    from .picture import decode_picture

    return Decoded("image", decode_picture(data, name, max_bytes), None, name)


def _decode_array(data: bytes, name: str, max_bytes: int | None) -> Decoded:
    from .npy_header import parse_npy

    try:
        return Decoded("array", parse_npy(data, max_bytes), None, name)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error


def _decode_text(data: bytes, name: str, max_bytes: int | None) -> Decoded:
    limit = (decoding_limit() if max_bytes is None else max_bytes) // _TEXT_SHARE
    if len(data) > limit:
        hint = "" if max_bytes is not None else f": {raising_hint(_TEXT_SHARE * len(data))}"
        raise DataError(f"{name}: expected a text of at most {limit:,} bytes, but found {len(data):,}{hint}.")
    encoding = next((found for mark, found in _MARKS.items() if data.startswith(mark)), "utf-8-sig")
    try:
        text = data.decode(encoding).strip()
    except UnicodeDecodeError as error:
        wrong = error.object[error.start]
        raise DataError(f"{name}: expected text in UTF-8, but found byte {wrong:#04x}.") from error
    if "\0" in text:
        raise DataError(f"{name}: expected text, but found bytes of zero in it: no text has them.")
    if not text:
        raise DataError(f"{name}: expected text, but found none; an empty cell is a missing modality.")
    return Decoded("text", text, None, name)


_DECODERS: Final[Mapping[str, Callable[[bytes, str, int | None], Decoded]]] = MappingProxyType(
    {
        ".flac": _decode_audio,
        ".jpeg": _decode_image,
        ".jpg": _decode_image,
        ".mp3": _decode_audio,
        ".npy": _decode_array,
        ".ogg": _decode_audio,
        ".png": _decode_image,
        ".tif": _decode_image,
        ".tiff": _decode_image,
        ".txt": _decode_text,
        ".wav": _decode_audio,
        ".webp": _decode_image,
    }
)
