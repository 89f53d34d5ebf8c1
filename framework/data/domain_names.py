"""How several domains are named in one word: as `A+B`."""

from collections.abc import Collection
from typing import Final

SEPARATORS: Final = "+:"
"""What stands between the domains of `A+B`, and of a shift `A:B`."""


def read_domains(text: str, known: Collection[str] = ()) -> tuple[str, ...]:
    """The domains that a user names, each once.

    Args:
        text: a domain, or several as `A+B`.
        known: domains of the table; one that is called just so is meant itself.

    Example:
        >>> read_domains("A+B+A"), read_domains("A+x", ["A+x", "B"])
        (('A', 'B'), ('A+x',))
    """
    return (text,) if text in known else tuple(dict.fromkeys(text.split("+")))
