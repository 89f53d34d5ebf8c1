"""Sound: WAV, FLAC, OGG and MP3, and nothing else that libsndfile would try."""

import io
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from .decoding_limit import check_decoded_size
from .signatures import describe, find_suffix, without_id3

_PCM: Final = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32"})
_WAV: Final = _PCM | {"FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610"}
_ENCODINGS: Final = MappingProxyType(
    {
        "WAV": _WAV,
        "WAVEX": _WAV,
        "RF64": _WAV,
        "FLAC": _PCM,
        "OGG": frozenset({"VORBIS", "OPUS"}),
        "MP3": frozenset({"MPEG_LAYER_III"}),
    }
)
"""What may be in which container, by libsndfile's names."""

_SUFFIXES: Final = (".flac", ".mp3", ".ogg", ".wav")
_UNKNOWN: Final = 2**48
"""libsndfile says a number of samples beyond this where a header does not know it."""


def decode_sound(data: bytes, name: str, max_bytes: int | None = None) -> tuple[NDArray[np.float32], int]:
    """Decode a file of sound.

    Args:
        data: its content.
        name: what errors call it.
        max_bytes: see `check_decoded_size`.

    Returns:
        Samples `(T,)` or `(T, channels)`, and the sampling rate in Hz.

    Raises:
        DataError: if it is none of the formats, damaged or truncated, or would become too large.
    """
    import soundfile

    content = without_id3(data)
    suffix = find_suffix(content)
    if suffix not in _SUFFIXES:
        found = describe(content)
        wanted = "audio" if found[0].isdigit() else "WAV, FLAC, OGG or MP3"
        raise DataError(f"{name}: expected {wanted}, but found {found}.")
    content = _check_whole(content, suffix, name)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            _check_header(file, name, max_bytes)
            promised, sampling_rate = int(file.frames), int(file.samplerate)
            value = file.read(dtype="float32")
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{name}: expected audio, but found {len(data)} bytes that are none or damaged.") from error
    except MemoryError as error:
        raise DataError(f"{name}: expected sound that fits in memory, but found {len(data)} bytes.") from error
    if len(value) != promised:
        raise DataError(f"{name}: expected {promised} samples of sound, but found {len(value)}: the file is truncated.")
    return value, sampling_rate


def _check_whole(content: bytes, suffix: str, name: str) -> bytes:
    """The content, with a length in its header where that was left open; refuses what says that it goes on."""
    if suffix == ".wav":
        from .wave_header import missing_bytes, with_length

        missing = missing_bytes(content)
        if missing:
            raise _truncated(name, missing)
        return with_length(content)
    from .sound_ends import is_joined, mp3_missing_bytes, ogg_is_cut

    missing = 0
    if suffix == ".mp3":
        missing = mp3_missing_bytes(content)
    elif suffix == ".ogg" and ogg_is_cut(content):
        raise DataError(f"{name}: expected a last page, as OGG has it, but found none: the file is truncated.")
    if is_joined(content, suffix):
        raise DataError(f"{name}: expected one recording, but found several, one behind the other: save each of them.")
    if missing:
        raise _truncated(name, missing)
    return content


def _truncated(name: str, missing: int) -> DataError:
    return DataError(f"{name}: expected {missing} more bytes of sound, as its header says: the file is truncated.")


def _check_header(file: Any, name: str, max_bytes: int | None) -> None:  # noqa: ANN401 - the library has no types
    """Refuse encodings that the docs do not name, and sizes that are too large or not known."""
    if file.subtype not in _ENCODINGS.get(file.format, ()):
        raise DataError(
            f"{name}: expected sound as PCM, float, A-law, u-law, ADPCM, GSM, FLAC, Vorbis, Opus or MP3, but found "
            f"{file.subtype} in {file.format}: convert it first."
        )
    if file.frames >= _UNKNOWN:
        raise DataError(
            f"{name}: expected the number of samples in the header of {file.format}, but found none, as where it was "
            "written into a pipe: write it into a file."
        )
    what = f"{file.frames:,} samples of sound in {file.channels} channel{'s' * (file.channels != 1)}"
    check_decoded_size(4 * int(file.frames) * int(file.channels), name, what, max_bytes)
