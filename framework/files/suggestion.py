"""What a user most likely meant by a word that is not known."""

from collections.abc import Iterable


def suggestion(word: str, known: Iterable[str], otherwise: str | None = None, *, most: int = 1) -> str:
    """A hint at the nearest known words, to end an error message with.

    Args:
        word: as it was given.
        known: what it might have been.
        otherwise: what to say where none is near; None names all that are known.
        most: how many to name.

    Example:
        >>> suggestion("adopt", ["adapt", "report"]), suggestion("x", ["adapt", "report"])
        ("; did you mean 'adapt'?", '; there are adapt, report')
    """
    from difflib import get_close_matches

    words = list(known)
    near = get_close_matches(word[:99], words, n=most)
    if near:
        return f"; did you mean {', '.join(map(repr, near))}?"
    return f"; there are {', '.join(words)}" if otherwise is None else otherwise
