"""How much sound a WAV file's header promises, since decoders read a truncated file as a shorter sound."""

import struct
from types import MappingProxyType
from typing import Final

_BYTE_ORDERS: Final = MappingProxyType({b"RIFF": "<", b"RF64": "<", b"RIFX": ">"})
_UNKNOWN_SIZE: Final = 0x7FFF0000
"""From here on, a size in a header stands for one that its writer could not know, as it wrote into a pipe."""


def missing_bytes(data: bytes) -> int:
    """Bytes of sound that a file's header promises, and that are not there; 0 where it does not say.

    Example:
        >>> header = b"RIFF" + bytes(4) + b"WAVE" + b"data" + struct.pack("<I", 10)
        >>> missing_bytes(header + bytes(10)), missing_bytes(header + bytes(7))
        (0, 3)
    """
    order = _BYTE_ORDERS.get(data[:4])
    position, wide_size = 12, None
    while order is not None and position + 8 <= len(data):
        name, size = struct.unpack_from(f"{order}4sI", data, position)
        position += 8
        if name == b"ds64" and position + 16 <= len(data):
            _, wide_size = struct.unpack_from(f"{order}QQ", data, position)
        if name == b"data":
            promised = wide_size if wide_size is not None else size if size < _UNKNOWN_SIZE else 0
            return max(0, position + promised - len(data))
        position += size + size % 2
    return 0
