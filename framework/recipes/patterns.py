"""Patterns by which a recipe names terms and parameters."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits any of the patterns (`*` and `?` as in file names).

    Example:
        >>> matches("coral/audio", ["adversarial/*", "coral/*"])
        True
    """
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def rename(name: str, pattern: str, to: str) -> str | None:
    """The name with another pattern in place of the one that it fits; None where it does not fit.

    Args:
        name: what is renamed.
        pattern: in which only `*` is special.
        to: with as many `*`, each of which stands for what that of `pattern` in its place stands for.

    Raises:
        ValueError: if the patterns differ in the number of `*`.

    Example:
        >>> rename("encoders.audio.source.weight", "*.audio.source.*", "*.audio.target.*")
        'encoders.audio.target.weight'
    """
    if pattern.count("*") != to.count("*"):
        raise ValueError(f"{to!r} must have as many * as {pattern!r}.")
    found = re.fullmatch("(.*)".join(map(re.escape, pattern.split("*"))), name)
    if found is None:
        return None
    first, *others = to.split("*")
    return first + "".join(part for pair in zip(found.groups(), others, strict=True) for part in pair)
