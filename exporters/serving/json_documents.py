"""The JSON of a request, parsed once it is known not to be too much."""

from typing import Any

import orjson

from ...framework.errors import DataError
from .json_bounds import JsonBounds
from .json_scan import JsonScan


def parse_document(content: bytes, bounds: JsonBounds) -> dict[str, Any]:
    """Read a JSON object strictly: no NaN, no halves of characters, no key twice.

    Args:
        content: in UTF-8.
        bounds: of what it may hold.

    Raises:
        DataError: one line, if it is none, or holds more than a request can.

    Example:
        >>> parse_document(b'{"id": "seven"}', JsonBounds(9, 9, 9))
        {'id': 'seven'}
    """
    scan = JsonScan(bounds)
    scan.feed_all(content)
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise DataError(f"the request is no JSON: {' '.join(str(error).split())[:200]}.") from error
    if not isinstance(document, dict):
        raise DataError(f"the request must be a JSON object, but is {type(document).__name__}.")
    if _count_keys(document) != scan.keys:
        raise DataError("the request has an object in which a key stands twice.")
    return document


def _count_keys(document: dict[str, Any]) -> int:
    keys, left = 0, list[Any]([document])
    while left:
        found = left.pop()
        if isinstance(found, dict):
            keys += len(found)
            found = list(found.values())
        # Of a million numbers, none is looked at by itself.
        if not {dict, list}.isdisjoint(set(map(type, found))):
            left += [value for value in found if isinstance(value, dict | list)]
    return keys
