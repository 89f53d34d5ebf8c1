"""The option that says how large one cell may become."""

from typing import TYPE_CHECKING, Final

from ..data.decoding_limit import DEFAULT_MEBIBYTES, VARIABLE, set_decoding_limit
from .numbers import read_integer

if TYPE_CHECKING:
    from argparse import ArgumentParser

OPTION: Final = "--max-decoded"
MAX_MEBIBYTES: Final = 2**20
"""A tebibyte."""


def add_decoding_option(parser: "ArgumentParser") -> None:
    """Let the user raise what one cell may become; it holds from when the option is read, in all processes."""

    def read(text: str) -> int:
        mebibytes = read_integer(text, OPTION, 1, MAX_MEBIBYTES)
        set_decoding_limit(mebibytes)
        return mebibytes

    parser.add_argument(
        OPTION,
        type=read,
        metavar="MIB",
        help=f"what one file, and what it becomes, may take of the memory; default: {DEFAULT_MEBIBYTES}, or {VARIABLE}",
    )
