"""JSON that anyone may have written, read so that every program reads the same."""

import json
from typing import Any, Final

MAX_DEPTH: Final = 64
"""Objects and lists inside each other, at most."""

_INT64: Final = 2**63


def parse_json(text: str) -> Any:  # noqa: ANN401 - JSON may hold anything
    """Read JSON strictly.

    Python's own reader lets in what others refuse, or read otherwise: `NaN`, numbers that are infinite or beyond 64
    bits, two values under one key, and halves of characters, which no file could hold.

    Raises:
        ValueError: one line, if it is no JSON, or holds one of these, or is nested deeper than `MAX_DEPTH`.

    Example:
        >>> parse_json('{"format": 1}')
        {'format': 1}
        >>> parse_json('{"format": 1, "format": 2}')
        Traceback (most recent call last):
        ValueError: the key 'format' stands there twice
    """
    try:
        document = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole_number,
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check(document)
    return document


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key[:60]!r} stands there twice")
            seen.add(key)
    return found


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if abs(number) == float("inf"):
        raise ValueError(f"the number {text[:60]} is too large")
    return number


def _whole_number(text: str) -> int:
    # Before it is read: Python takes long for millions of digits, or refuses them in words of its own.
    if len(text) > 20 or not -_INT64 <= int(text) < _INT64:
        raise ValueError(f"the whole number {text[:60]} has more than 64 bits")
    return int(text)


def _check(document: object) -> None:
    """Depth and characters; not by recursion, which would have a depth of its own."""
    left = [(document, 1)]
    while left:
        value, depth = left.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if depth > MAX_DEPTH:
                raise ValueError("it is nested too deeply")
            left += [(inner, depth + 1) for inner in (value.values() if isinstance(value, dict) else value)]
            for key in value if isinstance(value, dict) else ():
                _check_text(key)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the text {text[:60]!r} holds half a character") from error
