"""Bytes of a file to an array, by the end of the file's name."""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ..errors import DataError

DecodedKind: TypeAlias = Literal["audio", "image", "array", "text"]

_SOUND_FORMATS: Final = frozenset({"FLAC", "RF64", "WAV", "WAVEX"})
"""libsndfile's names of formats whose truncated files can be told from whole ones."""

_IMAGE_MODES: Final = MappingProxyType(
    {"1": "L", "L": "L", "LA": "L", "P": "RGB", "RGB": "RGB", "RGBA": "RGB", "YCbCr": "RGB", "I;16": "I;16"}
)
"""Pillow's name of what a picture is turned into, by its name of what it is; transparency is dropped."""

_IMAGE_DAMAGE: Final = (OSError, SyntaxError, ValueError, OverflowError, EOFError, struct.error, zlib.error)
"""What reading a damaged image raises, beside Pillow's own."""


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

    from .wave_header import missing_bytes

    missing = missing_bytes(data)
    if missing:
        raise DataError(f"{name}: expected {missing} more bytes of sound, as its header says: the file is truncated.")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            container, promised, sampling_rate = file.format, file.frames, int(file.samplerate)
            value = file.read(dtype="float32")
    except (soundfile.SoundFileError, TypeError, ValueError, MemoryError) as error:
        raise DataError(f"{name}: expected audio, but found {len(data)} bytes that are none or damaged.") from error
    if container not in _SOUND_FORMATS:
        raise DataError(f"{name}: expected WAV or FLAC, but found {container}.")
    if len(value) != promised:
        raise DataError(f"{name}: expected {promised} samples of sound, but found {len(value)}: the file is truncated.")
    return Decoded("audio", value, sampling_rate, name)


def _decode_image(data: bytes, name: str) -> Decoded:
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data)) as file:
            # Pillow reads colours of 16 bits as 8, whatever their range; the depth is the PNG's byte 24.
            bits = data[24] if file.format == "PNG" else 8
            image = ImageOps.exif_transpose(file)
    except (*_IMAGE_DAMAGE, Image.DecompressionBombError) as error:
        raise DataError(f"{name}: expected an image, but found {len(data)} bytes that are none or damaged.") from error
    if image.mode not in _IMAGE_MODES or (bits == 16 and image.mode != "I;16"):
        found = "16 bits" if bits == 16 else "CMYK" if image.mode == "CMYK" else f"Pillow's mode {image.mode}"
        raise DataError(
            f"{name}: expected an image in grey or RGB with 8 bits a channel, but found {found}: convert it first."
        )
    mode = _IMAGE_MODES[image.mode]
    return Decoded("image", np.asarray(image if image.mode == mode else image.convert(mode)), None, name)


def _decode_array(data: bytes, name: str) -> Decoded:
    """An array that shares the content's memory."""
    from .npy_header import read_npy_header

    stream = io.BytesIO(data)
    try:
        header = read_npy_header(stream)
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    missing = header.size * header.dtype.itemsize - len(data) + stream.tell()
    if missing > 0:
        raise DataError(f"{name}: expected {missing} more bytes, as its header says: the file is truncated.")
    values = np.frombuffer(data, header.dtype, header.size, stream.tell())
    return Decoded("array", values.reshape(header.shape, order=header.order), None, name)


def _decode_text(data: bytes, name: str) -> Decoded:
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: expected text in UTF-8, but found byte {data[error.start]:#04x}.") from error
    if not text:
        raise DataError(f"{name}: expected text, but found none; an empty cell is a missing modality.")
    return Decoded("text", text, None, name)


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
