"""Checks of what constructors are given: the message names the argument, its rule and the value found."""

import math
from collections.abc import Iterable


def check_not_negative(name: str, value: float) -> None:
    """Raise ValueError unless a number, such as the weight of a loss, is finite and 0 or more.

    Example:
        >>> check_not_negative("beta", -0.5)
        Traceback (most recent call last):
        ValueError: beta must not be negative, but got -0.5.
    """
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must not be negative, but got {value}.")


def check_positive(name: str, value: float) -> None:
    """Raise ValueError unless a number is finite and above 0.

    Example:
        >>> check_positive("tau", 0.0)
        Traceback (most recent call last):
        ValueError: tau must be positive, but got 0.0.
    """
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be positive, but got {value}.")


def check_one_of(name: str, value: str, choices: Iterable[str]) -> None:
    """Raise ValueError unless a word is one of those that there are.

    Example:
        >>> check_one_of("form", "det", ("log", "log1p"))
        Traceback (most recent call last):
        ValueError: form must be one of log, log1p, but got 'det'.
    """
    known = tuple(choices)
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(known)}, but got {value!r}.")
