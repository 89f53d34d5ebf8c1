"""The test kit: what every part of a method promises, checked on parts of one's own, and small data to try them on.

Each check raises a `BrokenPromiseError`, an AssertionError whose sentence says which promise is broken, with the
numbers; it works under pytest, under unittest and in a script. Names are imported when they are first asked for.
"""

from .._lazy import attach

__getattr__, __dir__, __all__ = attach(__name__)
