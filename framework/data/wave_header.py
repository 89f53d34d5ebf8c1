"""How much sound a WAV file's header promises, since decoders read a truncated file as a shorter sound."""

import struct
from types import MappingProxyType
from typing import Final

import attrs

_BYTE_ORDERS: Final = MappingProxyType({b"RIFF": "<", b"RF64": "<", b"RIFX": ">"})
_UNKNOWN_SIZE: Final = 0x7FFF0000
"""From here on, a size in a header stands for one that its writer could not know, as it wrote into a pipe."""

_MAX_CHUNKS: Final = 10_000
"""That are looked at: a file may hold millions, and each takes time."""


@attrs.frozen
class WaveSound:
    """Where the sound of a WAV file lies.

    Args:
        start: position of its first byte.
        promised: bytes that the header promises; None where it does not know.
        byte_order: of the header's numbers, as `struct` calls it.
    """

    start: int
    promised: int | None
    byte_order: str


def find_sound(data: bytes) -> WaveSound | None:
    """Where the sound lies; None where no header says so.

    A length of zero is that of a writer which was killed before it knew better, unless nothing follows but further
    chunks.
    """
    order = _BYTE_ORDERS.get(data[:4])
    position, wide_size = 12, None
    for _ in range(_MAX_CHUNKS):
        if order is None or position + 8 > len(data):
            return None
        name, size = struct.unpack_from(f"{order}4sI", data, position)
        position += 8
        if name == b"ds64" and position + 16 <= len(data):
            _, wide_size = struct.unpack_from(f"{order}QQ", data, position)
        if name == b"data":
            known = size < _UNKNOWN_SIZE and (size > 0 or _are_chunks(data, position, order))
            promised = wide_size if wide_size is not None else size if known else None
            return WaveSound(position, promised, order)
        position += size + size % 2
    return None


def missing_bytes(data: bytes) -> int:
    """Bytes of sound that a file's header promises, and that are not there; 0 where it does not say.

    Example:
        >>> header = b"RIFF" + bytes(4) + b"WAVE" + b"data" + struct.pack("<I", 10)
        >>> missing_bytes(header + bytes(10)), missing_bytes(header + bytes(7))
        (0, 3)
    """
    sound = find_sound(data)
    if sound is None or sound.promised is None:
        return 0
    return max(0, sound.start + sound.promised - len(data))


def with_length(data: bytes) -> bytes:
    """The file with the length of its sound in its header, where that says zero and the sound goes on to the end."""
    sound = find_sound(data)
    if sound is None or sound.promised is not None or any(data[sound.start - 4 : sound.start]):
        return data
    length = struct.pack(f"{sound.byte_order}I", min(len(data) - sound.start, _UNKNOWN_SIZE - 1))
    return data[: sound.start - 4] + length + data[sound.start :]


def _are_chunks(data: bytes, position: int, order: str) -> bool:
    """Whether nothing but whole chunks goes from here to the end."""
    for _ in range(_MAX_CHUNKS):
        if position + 8 > len(data):
            break
        name, size = struct.unpack_from(f"{order}4sI", data, position)
        if not (name.isascii() and name.decode("ascii").isprintable()):
            return False
        position += 8 + size + size % 2
    return len(data) <= position <= len(data) + 1 or not any(data[position:])
