"""What a JSON document holds, counted while it comes, before anything is made of it."""

import re
from typing import Final

from ...framework.errors import DataError
from .json_bounds import JsonBounds

_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?\Z)', re.DOTALL)
"""A string, or the beginning of one that goes on in the next piece; its last character shows which."""

_REST: Final = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)

_PIECE: Final = 2**16


class TooMuchJsonError(DataError):
    """A document holds more than any request can."""


class JsonScan:
    """Counts by pieces, at the speed of a copy; whether they are JSON at all is left to who parses them.

    Args:
        bounds: of what it may hold.

    Attributes:
        keys: of all objects so far.

    Example:
        >>> scan = JsonScan(JsonBounds(values=10, strings=4, containers=2))
        >>> scan.feed(b'{"a": "[[[[", "b": [1, 2]')
        >>> scan.keys
        2
        >>> scan.feed(b', "c": [')
        Traceback (most recent call last):
        acclimate.exporters.serving.json_scan.TooMuchJsonError: expected at most 2 lists and objects ...
    """

    def __init__(self, bounds: JsonBounds) -> None:
        self.bounds = bounds
        self.keys = 0
        self._values = self._strings = self._containers = 0
        self._inside = self._escaped = False

    def feed(self, piece: bytes) -> None:
        """Count what a piece holds.

        Raises:
            TooMuchJsonError: if it is more than a bound allows.
        """
        if self._inside:
            piece = self._leave(piece)
        outside, strings = _STRING.subn(rb"\1", piece)
        if outside.count(b'"') < strings:
            self._inside, self._escaped = True, outside.endswith(b"\\")
        self._strings += strings
        self._containers += outside.count(b"[") + outside.count(b"{")
        self._values += outside.count(b",")
        self.keys += outside.count(b":")
        self._check()

    def feed_all(self, content: bytes) -> None:
        """Count a whole document; other threads may work meanwhile.

        Raises:
            TooMuchJsonError: as `feed` does.
        """
        for start in range(0, len(content), _PIECE):
            self.feed(content[start : start + _PIECE])

    def _leave(self, piece: bytes) -> bytes:
        """What follows the string that an earlier piece began; nothing if it goes on."""
        start = 1 if self._escaped and piece else 0
        found = _REST.match(piece, start)
        end = start if found is None else found.end()
        if end < len(piece) and piece[end : end + 1] == b'"':
            self._inside = self._escaped = False
            return piece[end + 1 :]
        # A backslash at the end is all that is left.
        self._escaped = end < len(piece)
        return b""

    def _check(self) -> None:
        # Before each value but the first of a list or an object stands a comma.
        for found, most, kind in (
            (self._containers, self.bounds.containers, "lists and objects"),
            (self._strings, self.bounds.strings, "strings"),
            (self._values + self._containers, self.bounds.values, "values"),
        ):
            if found > most:
                raise TooMuchJsonError(f"expected at most {most:,} {kind} in JSON, but got more.")
