"""What a command is about to write, looked at before its work."""

import os
from collections.abc import Collection, Iterable
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


def check_suffix(out: Path, option: str, what: str, suffixes: Collection[str]) -> None:
    """Refuse a name that is not of the kind of file that is written: it may be a picture or a table of the user's.

    Args:
        out: file to write.
        option: what errors call it.
        what: kind of file, with its article.
        suffixes: that a name may end in, in small letters.

    Raises:
        AcclimateError: if it ends in another one.

    Example:
        >>> check_suffix(Path("cat.png"), "--json", "a JSON file", [".json"])
        Traceback (most recent call last):
        acclimate.framework.errors.AcclimateError: --json is a JSON file, so its name must end in .json, but got cat.png
    """
    if out.suffix.lower() not in suffixes:
        raise AcclimateError(f"{option} is {what}, so its name must end in {' or '.join(suffixes)}, but got {out}")


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
