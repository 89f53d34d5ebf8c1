"""Bytes of a file to an array, by the end of the file's name."""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

DecodedKind: TypeAlias = Literal["audio", "image", "array", "text"]

_IMAGE_MODES: Final = MappingProxyType(
    {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "CMYK": "RGB", "YCbCr": "RGB"}
)
"""Pillow's name of what a picture is turned into, by its name of what it is; transparency is dropped."""


@attrs.frozen(eq=False)
class Decoded:
    """What a file holds.

    Args:
        kind: what kind of file it was.
        value: audio as float32 `(T,)` or `(T, channels)`, an image as uint8 `(H, W)` or `(H, W, 3)`, any array, or
            text.
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


def decode(data: bytes, suffix: str, name: str) -> Decoded:
    """Decode a file's content.

    Args:
        data: the content.
        suffix: end of the file's name, one of `reference.SUFFIXES`.
        name: what errors call it.

    Raises:
        DataError: if the content is not what the suffix promises.

    Example:
        >>> decode("a fine day".encode(), ".txt", "note.txt").value
        'a fine day'
    """
    return _DECODERS[suffix](data, name)


def _decode_audio(data: bytes, name: str) -> Decoded:
    import soundfile

    try:
        value, sampling_rate = soundfile.read(io.BytesIO(data), dtype="float32")
    except (soundfile.SoundFileError, TypeError) as error:
        raise DataError(f"{name}: expected audio, but found {len(data)} bytes that are none.") from error
    return Decoded("audio", value, int(sampling_rate), name)


def _decode_image(data: bytes, name: str) -> Decoded:
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as file:
            image = ImageOps.exif_transpose(file)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{name}: expected an image, but found {len(data)} bytes that are none or damaged.") from error
    if image.mode not in _IMAGE_MODES:
        raise DataError(f"{name}: expected an image of 8 bits a channel, but found Pillow's mode {image.mode}.")
    return Decoded("image", np.asarray(image.convert(_IMAGE_MODES[image.mode])), None, name)


def _decode_array(data: bytes, name: str) -> Decoded:
    try:
        value = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{name}: expected an array of numbers (.npy), but found: {error}") from error
    return Decoded("array", value, None, name)


def _decode_text(data: bytes, name: str) -> Decoded:
    try:
        return Decoded("text", data.decode("utf-8").strip(), None, name)
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: expected text in UTF-8, but found byte {data[error.start]:#04x}.") from error


_DECODERS: Final[Mapping[str, Callable[[bytes, str], Decoded]]] = MappingProxyType(
    {
        ".flac": _decode_audio,
        ".jpeg": _decode_image,
        ".jpg": _decode_image,
        ".npy": _decode_array,
        ".png": _decode_image,
        ".txt": _decode_text,
        ".wav": _decode_audio,
    }
)
