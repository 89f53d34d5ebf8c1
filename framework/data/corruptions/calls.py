"""Text such as `brightness(factor=0.2) + gaussian_noise(std=0.3)` as names and arguments."""

import ast
import warnings
from typing import Final

import attrs

from ...errors import DataError

LONGEST: Final = 1000
"""Characters that are read at most: Python's parser must not be given what nests without end."""


@attrs.frozen
class Call:
    """A name with arguments.

    Args:
        name: before the brackets.
        arguments: numbers and booleans by name.
    """

    name: str
    arguments: dict[str, object]


def parse_calls(text: str) -> tuple[Call, ...]:
    """Read calls that are joined by `+`; brackets may be left out where there is nothing in them.

    Raises:
        DataError: if the text is something else, or names one twice: both would draw the same noise.

    Example:
        >>> parse_calls("brightness(factor=0.2) + gaussian_noise")
        (Call(name='brightness', arguments={'factor': 0.2}), Call(name='gaussian_noise', arguments={}))
    """
    try:
        with warnings.catch_warnings():
            # Of `0.3if`, Python's parser would warn on the terminal.
            warnings.simplefilter("error", SyntaxWarning)
            expression = ast.parse(text.strip()[: LONGEST + 1], mode="eval").body if len(text) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        expression = None
    calls = _to_calls(expression)
    if calls is None:
        raise DataError(
            "corruptions are written as 'name(argument=number) + name(argument=number)', such as "
            f"'gaussian_noise(std=0.3)', but got {text[:80]!r}."
        )
    names = [call.name for call in calls]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"a corruption must stand once, but {name!r} stands {names.count(name)} times.")
    return calls


def _to_calls(expression: ast.expr | None) -> tuple[Call, ...] | None:
    match expression:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            before, last = _to_calls(left), _to_calls(right)
            return None if before is None or last is None else (*before, *last)
        case ast.Name(id=name):
            return (Call(name, {}),)
        case ast.Call(func=ast.Name(id=name), args=[], keywords=keywords):
            arguments = {keyword.arg: _to_value(keyword.value) for keyword in keywords if keyword.arg is not None}
            whole = len(arguments) == len(keywords) and None not in arguments.values()
            return (Call(name, dict(arguments)),) if whole else None
        case _:
            return None


def _to_value(expression: ast.expr) -> object:
    try:
        value = ast.literal_eval(expression)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, int | float) else None
