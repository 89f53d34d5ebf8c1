"""Texts of strangers, which end up on terminals and in pages."""

import unicodedata
from typing import Final

from ..framework.errors import ZooError

_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that show what follows in another order than it has."""


def check_texts(value: object, name: str) -> None:
    """Refuse control characters, which terminals obey, in keys and texts at any depth; but for ends of lines and tabs.

    Args:
        value: JSON values, or a text.
        name: what errors call them.

    Raises:
        ZooError: naming the first that is found.
    """
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, str):
            wrong = next((character for character in found if _is_control(character)), None)
            if wrong is not None:
                raise ZooError(f"{name} holds the control character {wrong!r}, in {found[:60]!r}.")
        elif isinstance(found, dict):
            left += [*found, *found.values()]
        elif isinstance(found, list):
            left += found


def decode_card(content: bytes, name: str) -> str:
    """The text of a card.

    Args:
        content: of README.md.
        name: what errors call it.

    Raises:
        ZooError: if it is not UTF-8, or holds control characters.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ZooError(f"{name} is damaged: it is not UTF-8.") from error
    check_texts(text, name)
    return text


def _is_control(character: str) -> bool:
    return character in _TURNING or (character not in "\n\t" and unicodedata.category(character) in {"Cc", "Zl", "Zp"})
