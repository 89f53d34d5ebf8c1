"""How large one cell may become: a file of a few bytes can hold gigabytes."""

import os
from typing import Final

from ..errors import DataError

VARIABLE: Final = "ACCLIMATE_MAX_DECODED"
"""Of the environment, so that it reaches all processes of a run: what one cell may become, in MiB."""

DEFAULT_MEBIBYTES: Final = 256
"""2**26 values of sound: 25 minutes at 44.1 kHz."""

_MEBIBYTE: Final = 2**20

_MAX_DIGITS: Final = 9
"""Of the limit in MiB: nearly an exbibyte, which no machine has."""


def decoding_limit() -> int:
    """Bytes that one cell's file may have, and that it may have after decoding.

    Raises:
        DataError: if the variable holds something else than a positive whole number.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return DEFAULT_MEBIBYTES * _MEBIBYTE
    if not (text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS and int(text)):
        raise DataError(f"{VARIABLE} must be a positive whole number of MiB, but got {text!r:.60}.")
    return int(text) * _MEBIBYTE


def set_decoding_limit(mebibytes: int) -> None:
    """Let cells become larger, or less large, in this process and in those that it starts.

    Raises:
        DataError: if it is not a positive whole number.
    """
    if mebibytes < 1:
        raise DataError(f"what one cell may become must be a positive number of MiB, but got {mebibytes}.")
    os.environ[VARIABLE] = str(mebibytes)


def check_decoded_size(size: int, name: str, what: str, max_bytes: int | None = None) -> None:
    """Refuse what would become too large, before memory is taken for it.

    Args:
        size: in bytes, as a header says it.
        name: what errors call the file; empty where whoever catches them does so.
        what: it is, with its sizes.
        max_bytes: that it may have; None means what the user allows, `decoding_limit`.

    Raises:
        DataError: naming the size, the limit and, where it is the user's, what raises it.

    Example:
        >>> check_decoded_size(2**30, "a.flac", "2**28 samples of sound")
        Traceback (most recent call last):
        acclimate.framework.errors.DataError: a.flac: expected at most 268,435,456 bytes after decoding, but found
        1,073,741,824 (2**28 samples of sound): --max-decoded 1024 (MiB), or ACCLIMATE_MAX_DECODED=1024, allows it.
    """
    limit = decoding_limit() if max_bytes is None else max_bytes
    if size > limit:
        hint = f": {raising_hint(size)}" if max_bytes is None else ""
        place = f"{name}: " if name else ""
        raise DataError(f"{place}expected at most {limit:,} bytes after decoding, but found {size:,} ({what}){hint}.")


def raising_hint(size: int) -> str:
    """What the user can do to have so many bytes decoded."""
    mebibytes = -(-size // _MEBIBYTE)
    if mebibytes >= 10**_MAX_DIGITS:
        return "no setting allows it"
    return f"--max-decoded {mebibytes} (MiB), or {VARIABLE}={mebibytes}, allows it"
