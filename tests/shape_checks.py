"""Checks the annotations of signatures while tests run: beartype, told what jaxtyping's import hook hides from it."""

from collections.abc import Callable
from typing import Any, Self, TypeVar, get_args, get_origin, runtime_checkable

import attrs
from beartype import BeartypeConf, FrozenDict, beartype

F = TypeVar("F", bound=Callable[..., Any])

# The hook decorates methods one by one, so beartype does not see the class that Self means; attrs' protocol is for
# static checkers only. A whole number is a float to these.
CONFIGURATION = BeartypeConf(hint_overrides=FrozenDict({Self: Any, attrs.AttrsInstance: object}), is_pep484_tower=True)


def check(function: F) -> F:
    """Check a function's arguments and result whenever it is called."""
    for hint in function.__annotations__.values():
        make_protocols_checkable(hint)
    checked: F = beartype(conf=CONFIGURATION)(function)
    return checked


def make_protocols_checkable(hint: object) -> None:
    """Let beartype look for a protocol's members, though the package that defines it never does."""
    protocol = get_origin(hint) or hint
    if getattr(protocol, "_is_protocol", False):
        runtime_checkable(protocol)  # type: ignore[type-var]
    for inner in get_args(hint):
        make_protocols_checkable(inner)
