"""Files of users and strangers, read whole within a bound."""

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final, Literal

from ..errors import AcclimateError, DataError

MAX_TEXT: Final = 64 * 2**20
"""Bytes of a list, a transcript or another text that a person or a small program wrote, at most."""

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Without O_NONBLOCK, opening a named pipe waits for its writer."""

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bounded(
    path: Path | str,
    max_bytes: int,
    *,
    name: str | None = None,
    error: type[AcclimateError] = DataError,
    hint: str = "",
) -> bytes:
    """Read a whole file that anyone may have made.

    Whatever it is, this ends: a pipe or a device is not waited for, and of a file that says it has 256 GB, a hole on
    the disk, nothing is read.

    Args:
        path: of the file.
        max_bytes: that it may have.
        name: what errors call it; None means its path.
        error: what is raised.
        hint: what the user can do about a file that is too large; ends the message.

    Raises:
        AcclimateError: of the class `error`, one line, if there is no such file, it is no regular file, cannot be read,
            or has more bytes than it may, or than there is memory for.

    Example:
        >>> read_bounded(__file__, 10)
        Traceback (most recent call last):
        acclimate.framework.errors.DataError: ...bounded_file.py: expected at most 10 bytes, but found ...
    """
    called = str(path) if name is None else name
    with open_regular(path, name=name, error=error) as file:
        size = os.fstat(file.fileno()).st_size
        try:
            # As much memory is taken as is asked for.
            content = file.read(size + 1) if size <= max_bytes else None
            if content is not None and len(content) > size:
                # Files of the system, and those that grow meanwhile, have more than they say.
                content += file.read(max_bytes + 1 - len(content))
        except OSError as cause:
            raise error(_unreadable(called, cause)) from cause
        except MemoryError:
            raise error(f"{called}: expected a file that fits in memory, but found {size:,} bytes{hint}.") from None
    if content is None or len(content) > max_bytes:
        found = size if content is None else len(content)
        raise error(f"{called}: expected at most {max_bytes:,} bytes, but found {found:,}{hint}.")
    return content


def read_bounded_text(
    path: Path | str,
    max_bytes: int = MAX_TEXT,
    *,
    errors: Literal["strict", "replace"] = "strict",
    name: str | None = None,
    error: type[AcclimateError] = DataError,
    hint: str = "",
) -> str:
    """Read a whole file of text in UTF-8, without the mark of byte order that some programs put before it.

    Args:
        path: of the file.
        max_bytes: that it may have.
        errors: what becomes of bytes that are not UTF-8, as in `bytes.decode`.
        name: what errors call it; None means its path.
        error: what is raised.
        hint: what the user can do about a file that is too large; ends the message.

    Raises:
        AcclimateError: see `read_bounded`; also if it is not UTF-8.
    """
    content = read_bounded(path, max_bytes, name=name, error=error, hint=hint)
    try:
        return content.decode("utf-8-sig", errors)
    except UnicodeDecodeError as cause:
        called = str(path) if name is None else name
        # What was decoded is the content without its mark.
        wrong = cause.object[cause.start]
        line = cause.object.count(b"\n", 0, cause.start) + 1
        raise error(f"{called}: line {line}: expected UTF-8, but found byte {wrong:#04x}.") from cause


def open_regular(path: Path | str, *, name: str | None = None, error: type[AcclimateError] = DataError) -> BinaryIO:
    """Open a file for reading, if it is a regular one.

    Args:
        path: of the file.
        name: what errors call it; None means its path.
        error: what is raised.

    Raises:
        AcclimateError: of the class `error`, one line, if there is no such file, it is no regular file, or it cannot be
            opened.
    """
    called = str(path) if name is None else name
    try:
        # Before it is opened: opening a device may do something.
        _check_kind(Path(path).stat().st_mode, called, error)
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError) as cause:
        raise error(f"{called}: expected a file, but found none.") from cause
    except OSError as cause:
        raise error(_unreadable(called, cause)) from cause
    except UnicodeEncodeError as cause:
        raise error(f"{called!r}: expected a path, but found half a character in it.") from cause
    except ValueError as cause:
        if isinstance(cause, AcclimateError):
            raise
        raise error(f"{called!r}: expected a path, but found: {cause}.") from cause
    file = os.fdopen(descriptor, "rb")
    try:
        # It may have been replaced meanwhile.
        _check_kind(os.fstat(descriptor).st_mode, called, error)
    except AcclimateError:
        file.close()
        raise
    return file


def describe_kind(mode: int) -> str:
    """What there is in the place of a regular file, by the mode of its status."""
    return next((words for is_kind, words in _KINDS if is_kind(mode)), "something else")


def _check_kind(mode: int, called: str, error: type[AcclimateError]) -> None:
    if not stat.S_ISREG(mode):
        raise error(f"{called}: expected a file, but found {describe_kind(mode)}.")


def _unreadable(called: str, cause: OSError) -> str:
    return f"{called}: expected a file that can be read, but found: {cause.strerror or cause}."
