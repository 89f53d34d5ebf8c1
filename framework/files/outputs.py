"""What a command is about to write, looked at before its work."""

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import AcclimateError
from .whole_file import check_file


def check_output(out: Path, inputs: Iterable[str | Path] = (), option: str = "--out") -> None:
    """Find out before the work whether a file can be written, and that it is none of those that are read.

    Args:
        out: file to write.
        inputs: files that are read; names of other things, which are no files, may be among them.
        option: what errors call it.

    Raises:
        AcclimateError: if it is an input, under whatever name, or cannot be written.

    Example:
        >>> check_output(Path("good.csv"), ["all.csv"])
    """
    for given in inputs:
        if is_same_file(out, Path(given)):
            raise AcclimateError(f"{option} must be another file than those that are read, but {out} is {given}")
    check_file(out)


def is_same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to one file: by links of both kinds, and other spellings.

    Example:
        >>> is_same_file(Path("a/../own.csv"), Path("own.csv"))
        True
    """
    try:
        return first.samefile(second)
    except OSError:
        # One of them is not there yet.
        return os.path.realpath(first) == os.path.realpath(second)
