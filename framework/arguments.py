"""Checks of what constructors are given: the message names the argument, its rule and the value found."""

import math
from collections.abc import Iterable


def check_positive(**values: float) -> None:
    """Raise ValueError unless numbers, such as sizes, are finite and above 0.

    Example:
        >>> check_positive(width=8, tau=0.0)
        Traceback (most recent call last):
        ValueError: tau must be positive, but got 0.0.
    """
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive, but got {value}.")


def check_not_negative(**values: float) -> None:
    """Raise ValueError unless numbers, such as the weights of losses, are finite and 0 or more.

    Example:
        >>> check_not_negative(alpha=0.0, beta=-0.5)
        Traceback (most recent call last):
        ValueError: beta must not be negative, but got -0.5.
    """
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must not be negative, but got {value}.")


def check_at_least(least: int, **values: int) -> None:
    """Raise ValueError where a size is below a smallest one, such as 2 where LayerNorm would make a constant of 1.

    Example:
        >>> check_at_least(2, hidden=1)
        Traceback (most recent call last):
        ValueError: hidden must be at least 2, but got 1.
    """
    for name, value in values.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}, but got {value}.")


def check_multiple(factor: int, **values: int) -> None:
    """Raise ValueError unless sizes are positive multiples of a factor.

    Example:
        >>> check_multiple(8, width=20)
        Traceback (most recent call last):
        ValueError: width must be a positive multiple of 8, but got 20.
    """
    for name, value in values.items():
        if value < 1 or value % factor:
            raise ValueError(f"{name} must be a positive multiple of {factor}, but got {value}.")


def check_within(interval: str, **values: float) -> None:
    """Raise ValueError unless numbers lie within an interval, written as usual: "[0, 1)" holds 0, but not 1.

    Example:
        >>> check_within("[0, 1)", dropout=0.0, momentum=1.0)
        Traceback (most recent call last):
        ValueError: momentum must be within [0, 1), but got 1.0.
    """
    low, high = map(float, interval[1:-1].split(","))
    for name, value in values.items():
        above = value >= low if interval[0] == "[" else value > low
        below = value <= high if interval[-1] == "]" else value < high
        if not (above and below):
            raise ValueError(f"{name} must be within {interval}, but got {value}.")


def check_one_of(choices: Iterable[str], **values: str) -> None:
    """Raise ValueError unless words are among those that there are.

    Example:
        >>> check_one_of(("log", "log1p"), form="det")
        Traceback (most recent call last):
        ValueError: form must be one of log, log1p, but got 'det'.
    """
    known = tuple(choices)
    for name, value in values.items():
        if value not in known:
            raise ValueError(f"{name} must be one of {', '.join(known)}, but got {value!r}.")
