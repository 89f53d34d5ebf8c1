"""What a TIFF says of its first picture, looked at before a reader takes memory for it."""

import struct
from typing import Final

from ..errors import DataError

TILE_WIDTH: Final = 322
TILE_LENGTH: Final = 323

_MAX_ENTRIES: Final = 1024
"""Of a directory: those of cameras and microscopes have a few dozen."""

_MAX_VALUES: Final = 2**17
"""Of an entry, unless they are bytes: each strip or tile of a picture has one, and a reader makes an object of it."""

_SLACK: Final = 2**16
"""Bytes by which values may overlap, as careless programs write them."""

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
"""Bytes of a value by its type."""


def check_directory(data: bytes, name: str) -> tuple[int, int]:
    """Refuse a directory that is larger than a picture needs.

    Args:
        data: content of the file.
        name: what errors call it.

    Returns:
        Width and length of a tile; zeros where the picture has none, or the file is too short to say so.

    Raises:
        DataError: naming what there is too much of.
    """
    order = "<" if data[:2] == b"II" else ">"
    is_big = data[2:4] in {b"+\0", b"\0+"}
    offset, first, each = ("Q", 8, "HHQ") if is_big else ("I", 4, "HHI")
    counter, size = ("Q", 20) if is_big else ("H", 12)
    tile = {TILE_WIDTH: 0, TILE_LENGTH: 0}
    try:
        (start,) = struct.unpack_from(f"{order}{offset}", data, first)
        (entries,) = struct.unpack_from(f"{order}{counter}", data, start)
        held = 0
        if entries > _MAX_ENTRIES:
            raise DataError(f"{name}: expected a TIFF of at most {_MAX_ENTRIES} entries, but found {entries}.")
        for number in range(entries):
            position = start + struct.calcsize(counter) + size * number
            tag, kind, count = struct.unpack_from(f"{order}{each}", data, position)
            if count > _MAX_VALUES and _SIZES.get(kind, 1) > 1:
                raise DataError(f"{name}: expected a TIFF of at most {_MAX_VALUES} strips or tiles, but found {count}.")
            # Values that go beyond the end are not read; others that overlap are, each into memory of its own.
            taken = count * _SIZES.get(kind, 1)
            held += taken if taken <= len(data) else 0
            if held > len(data) + _SLACK:
                raise DataError(f"{name}: expected values of at most {len(data):,} bytes, but found some that overlap.")
            if tag in tile:
                letter = "H" if kind == 3 else "I"
                (tile[tag],) = struct.unpack_from(f"{order}{letter}", data, position + struct.calcsize(f"={each}"))
    except struct.error:
        # The reader says what is missing.
        return 0, 0
    return tile[TILE_WIDTH], tile[TILE_LENGTH]
