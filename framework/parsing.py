"""Turning plain data into typed objects with jsonargparse, and its errors into one line."""

import re
from argparse import ArgumentError
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, TypeVar

import attrs
from jsonargparse import ArgumentParser

from .errors import RecipeError

C = TypeVar("C")
T = TypeVar("T", bound=attrs.AttrsInstance)


def parse_attrs(cls: type[T], data: Mapping[str, Any], name: str) -> T:
    """Make an attrs object of plain data, with types checked.

    Args:
        cls: an attrs class.
        data: its fields.
        name: what to call the data in errors.

    Raises:
        RecipeError: one line with the key, the rule and the value found.
    """
    known = [field.name for field in attrs.fields(cls)]
    for key in data:
        if key not in known:
            raise RecipeError(f"{name}: unknown key {key!r}{suggestion(str(key), known)}")
    parsed: T = _parse(cls, dict(data), name)
    return parsed


def instantiate(expected: Any, spec: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401
    """Make an object from a `class_path` and its `init_args`.

    Args:
        expected: the type that it must be; a `Callable` that returns one where arguments are still to come.
        spec: `{"class_path": ..., "init_args": {...}}`.
        name: what to call it in errors.

    Raises:
        RecipeError: one line that names the class or argument that is wrong.
    """
    unknown = set(spec) - {"class_path", "init_args"}
    if unknown or "class_path" not in spec:
        raise RecipeError(f"{name}: a class needs class_path and may have init_args, but got keys {sorted(spec)}")
    return _parse(expected, dict(spec), name)


def import_class(expected: type[C], spec: Mapping[str, Any], name: str) -> type[C]:
    """Import the class that a spec names.

    Raises:
        RecipeError: if there is no such class, or it is not a subclass of `expected`.
    """
    module, _, attribute = str(spec.get("class_path", "")).rpartition(".")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RecipeError(f"{name}: no class {spec.get('class_path')!r}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, expected)):
        raise RecipeError(f"{name}: {spec['class_path']} must be a subclass of {expected.__name__}, but is none")
    return found


def suggestion(word: str, known: list[str]) -> str:
    """A hint at the nearest known word, to end an error message with."""
    near = get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"


def _parse(expected: Any, data: dict[str, Any], name: str) -> Any:  # noqa: ANN401
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--it", type=expected)
    try:
        return parser.instantiate(parser.parse_object({"it": data})).it
    except (ArgumentError, ValueError, TypeError) as error:
        raise RecipeError(f"{name}: {_one_line(str(error))}") from error


def _one_line(message: str) -> str:
    """Jsonargparse indents causes under each other; join them, without our own made-up key."""
    message = re.sub(r"Parser key \"it\.?([^\"]*)\":", lambda found: f"{found[1]}:" if found[1] else "", message)
    message = re.sub(r"Problem with given class_path '([^']*)':", r"\1:", message)
    return re.sub(r"\s+", " ", message).replace("it.", "", 1).strip()
