"""Patterns by which a recipe names terms and parameters."""

from collections.abc import Sequence
from fnmatch import fnmatchcase


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether a name fits any of the patterns (`*` and `?` as in file names).

    Example:
        >>> matches("coral/audio", ["adversarial/*", "coral/*"])
        True
    """
    return any(fnmatchcase(name, pattern) for pattern in patterns)
