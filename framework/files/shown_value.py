"""Values of strangers in messages."""

from reprlib import Repr
from typing import Final

_REPR: Final = Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 120
_REPR.maxlist = _REPR.maxtuple = _REPR.maxdict = _REPR.maxset = 8
_REPR.maxlevel = 3


def shown(value: object) -> str:
    """A value as a message shows it: short, however large it is, and made without looking at all of it.

    Example:
        >>> shown([1] * 10**6), shown("x")
        ('[1, 1, 1, 1, 1, 1, 1, 1, ...]', "'x'")
    """
    return _REPR.repr(value)[:200]
