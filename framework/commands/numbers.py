"""Options that are numbers, each within the bounds that it has a meaning in."""

import math
from typing import TYPE_CHECKING, Final

from ..errors import AcclimateError

if TYPE_CHECKING:
    from argparse import ArgumentParser

MAX_SEED: Final = 2**63 - 1
"""What all generators take."""

MAX_PROCESSES: Final = 1024
"""Processes, and threads of one, at most: what is beyond was mistyped, and would take the machine down."""

MAX_COUNT: Final = 2**31 - 1
"""Rows, steps and whatever else is counted, at most."""


def add_integer(
    parser: "ArgumentParser",
    option: str,
    *,
    least: int = 1,
    most: int = MAX_COUNT,
    default: int | None = None,
    metavar: str | None = None,
    help: str,  # noqa: A002 - argparse's name
) -> None:
    """Add an option that is a whole number within bounds.

    Args:
        parser: to add it to.
        option: with its dashes.
        least: that it may be.
        most: that it may be.
        default: where it is not given.
        metavar: what the help calls it.
        help: a line.

    Example:
        >>> from acclimate.framework.commands.options import make_parser
        >>> parser = make_parser("greet", "Say hello.")
        >>> add_integer(parser, "--times", help="how often")
        >>> parser.parse_args(["--times", "0"])
        Traceback (most recent call last):
        acclimate.framework.errors.AcclimateError: --times must be positive, but got 0
    """

    def read(text: str) -> int:
        return read_integer(text, option, least, most)

    parser.add_argument(option, type=read, default=default, metavar=metavar or "N", help=help)


def add_real(
    parser: "ArgumentParser",
    option: str,
    *,
    least: float = 0.0,
    most: float = math.inf,
    between: bool = False,
    default: float | None = None,
    metavar: str | None = None,
    help: str,  # noqa: A002 - argparse's name
) -> None:
    """Add an option that is a number within bounds, and finite; the arguments are those of `add_integer`.

    With `between`, it may be neither of the bounds.
    """

    def read(text: str) -> float:
        return read_real(text, option, least, most, between=between)

    parser.add_argument(option, type=read, default=default, metavar=metavar or "X", help=help)


def add_seed(parser: "ArgumentParser", option: str = "--seed", *, help: str) -> None:  # noqa: A002 - argparse's name
    """Add an option that is a seed; 0 where it is not given."""
    add_integer(parser, option, least=0, most=MAX_SEED, default=0, help=help)


def read_integer(text: str, option: str, least: int, most: int) -> int:
    """A whole number within bounds, written in digits.

    Raises:
        AcclimateError: if it is something else.

    Example:
        >>> read_integer("3", "--seeds", 0, MAX_SEED)
        3
    """
    digits = text.strip().removeprefix("-").removeprefix("+")
    # Before it is read: Python takes other letters for digits, too, and refuses thousands of them in words of its own.
    if not (digits.isascii() and digits.isdigit()):
        raise AcclimateError(f"{option} must be a whole number, but got {text[:60]!r}")
    if len(digits) > 40:
        raise AcclimateError(f"{option} must be at most {most}, but got a number of {len(digits)} digits")
    number = int(text)
    _check(number, option, least, most)
    return number


def read_real(text: str, option: str, least: float = 0.0, most: float = math.inf, *, between: bool = False) -> float:
    """A number within bounds, and finite; with `between`, it may be neither of them.

    Raises:
        AcclimateError: if it is something else.

    Example:
        >>> read_real("0.5", "--share", 0.0, 1.0, between=True)
        0.5
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise AcclimateError(f"{option} must be a number, but got {text[:60]!r}")
    if between and not least < number < most:
        raise AcclimateError(f"{option} must be above {least:g} and below {most:g}, but got {number}")
    _check(number, option, least, most)
    return number


def _check(number: float, option: str, least: float, most: float) -> None:
    if number < least == 1:
        raise AcclimateError(f"{option} must be positive, but got {number}")
    if number < least:
        raise AcclimateError(f"{option} must be at least {least}, but got {number}")
    if number > most:
        raise AcclimateError(f"{option} must be at most {most}, but got {number}")
