"""Standard output as a command finds it: closed, full, or of another alphabet than what is to be printed."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any, Final, TextIO, cast

from .errors import AcclimateError, WriteError

OUTPUT: Final = "standard output"
_STREAMS: Final = (0, 1, 2)


@contextmanager
def watch_output() -> Iterator[None]:
    r"""Let whatever is printed be printed: where the terminal has no such letter, as `\xfc`.

    Raises:
        AcclimateError: if standard output is closed, where answers would be lost without a word.
        WriteError: if it cannot be written to.
        BrokenPipeError: if its reader has enough.
    """
    closed = sys.stdout is None
    if closed or sys.stderr is None or sys.stdin is None:
        _occupy()
    if sys.stderr is None:
        sys.stderr = _null()
    if closed:
        sys.stdout = _null()
        raise AcclimateError(f"{OUTPUT} is closed: direct it to a file, or to /dev/null")
    before = sys.stdout
    reconfigure = getattr(before, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    watched = _Watched(before)
    sys.stdout = cast("TextIO", watched)
    try:
        try:
            yield
        except SystemExit:
            # As argparse leaves, which does not mind whether its help could be printed.
            watched.raise_fault()
            watched.flush()
            raise
        sys.stdout.flush()
    except (WriteError, BrokenPipeError):
        silence(before)
        raise
    finally:
        sys.stdout = before


class _Watched:
    """A stream whose errors say which stream it is."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - whatever stands in for it
        self._stream = stream
        self._fault: OSError | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text."""
        try:
            with _named():
                written: int = self._stream.write(text)
                return written
        except OSError as error:
            self._fault = error
            raise

    def raise_fault(self) -> None:
        """Raise what went wrong while a text was written, where whoever wrote it has not."""
        if self._fault is not None:
            raise self._fault

    def flush(self) -> None:
        """Let what was written be written through."""
        with _named():
            self._stream.flush()


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WriteError(error, OUTPUT) from error


def silence(stream: Any) -> None:  # noqa: ANN401 - whatever stands in for it
    """Let what is still to be written go nowhere: Python would complain again when it flushes at its end."""
    with suppress(OSError):  # A stream that is no file has no number.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _occupy() -> None:
    """Open what is closed, or the next files would get its number, and what libraries print."""
    for number in _STREAMS:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _null() -> TextIOWrapper:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - it stays open
