"""Plain data, as YAML gives it -> attrs objects. Imports nothing that the data name; errors are one line."""

import math
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs

from ..errors import RecipeError
from ..files.shown_value import shown
from ..files.suggestion import suggestion

T = TypeVar("T", bound=attrs.AttrsInstance)


def parse_attrs(cls: type[T], data: object, name: str) -> T:
    """Make an attrs object of plain data, with types checked.

    Fields may be strings, numbers, booleans, `Literal`s, other attrs classes, `tuple[X, ...]`, `dict[str, X]`, any of
    these or None, an attrs class or something else, and `Any`.

    Args:
        cls: an attrs class.
        data: its fields.
        name: what to call the data in errors.

    Raises:
        RecipeError: one line with the key, the rule and the value found.

    Example:
        >>> from acclimate.framework.recipes.learning_rate import LearningRate
        >>> parse_attrs(LearningRate, {"decay": "step", "milestones": [0.5]}, "recipe").milestones
        (0.5,)
    """
    try:
        parsed: T = _parse_fields(cls, data, "")
    except ValueError as error:
        raise RecipeError(f"{name}: {error}") from error
    return parsed


def _parse_fields(cls: type[Any], data: object, key: str) -> Any:  # noqa: ANN401
    if not isinstance(data, Mapping):
        raise _mismatch(key, "a mapping of keys", data)
    fields, types = attrs.fields_dict(cls), get_type_hints(cls)
    for name in data:
        if name not in fields:
            raise ValueError(f"unknown key {_join(key, name)[:99]!r}{suggestion(str(name), list(fields))}")
    for name, field in fields.items():
        if field.default is attrs.NOTHING and name not in data:
            raise ValueError(f"the key {_join(key, name)!r} is missing")
    values = {name: _parse(types[name], value, _join(key, name)) for name, value in data.items()}
    try:
        return cls(**values)
    except ValueError as error:
        raise ValueError(f"{key}: {error}" if key else str(error)) from error


def _parse(expected: Any, value: object, key: str) -> Any:  # noqa: ANN401
    origin, arguments = get_origin(expected), get_args(expected)
    if attrs.has(expected):
        return _parse_fields(expected, value, key)
    if origin in {Union, UnionType}:
        choices = [argument for argument in arguments if argument is not type(None)]
        # Of two, one is an attrs class, whose fields are a mapping.
        inner = next(
            choice for choice in choices if len(choices) == 1 or attrs.has(choice) == isinstance(value, Mapping)
        )
        return None if value is None and len(choices) < len(arguments) else _parse(inner, value, key)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise _mismatch(key, "a list", value)
        return tuple(_parse(arguments[0], item, _join(key, index)) for index, item in enumerate(value))
    if origin is dict:
        if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
            raise _mismatch(key, "a mapping with names as keys", value)
        return {name: _parse(arguments[1], item, _join(key, name)) for name, item in value.items()}
    if origin is Literal:
        # YAML's true is no 1, though Python takes it for one.
        if not any(value == choice and type(value) is type(choice) for choice in arguments):
            raise _mismatch(key, f"one of {', '.join(map(repr, arguments))}", value)
        return value
    return value if expected is Any else _parse_scalar(expected, value, key)


def _parse_scalar(expected: type, value: object, key: str) -> object:
    if expected is float and not isinstance(value, bool) and isinstance(value, int | float | str):
        # YAML reads 1e-3, without a point, as a string.
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise _mismatch(key, "a number", value) from None
        if not math.isfinite(number):
            raise _mismatch(key, "a finite number", value)
        return number
    if type(value) is not expected:
        names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
        raise _mismatch(key, names[expected], value)
    return value


def _mismatch(key: str, wanted: str, found: object) -> ValueError:
    return ValueError(f"{key or 'it'} must be {wanted}, but got {shown(found)}")


def _join(key: str, name: object) -> str:
    return f"{key}.{name}" if key else str(name)
