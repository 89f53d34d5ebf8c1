"""What fields of a registry's entries may be, as validators of attrs. They raise ValueError."""

from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

from .metrics import Score

if TYPE_CHECKING:
    import attrs

_LONGEST_TEXT: Final = 4096


def check_digest(_: object, field: "attrs.Attribute[str]", value: str) -> None:
    """Refuse what is no SHA-256."""
    if len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise ValueError(f"{field.name} must be 64 hexadecimal digits in small letters, but got {value[:99]!r}")


def check_texts(_: object, field: "attrs.Attribute[Any]", value: str | Iterable[str] | None) -> None:
    """Refuse empty and endless texts, and control characters: registries come from strangers, and terminals obey."""
    for text in () if value is None else (value,) if isinstance(value, str) else value:
        if not text or len(text) > _LONGEST_TEXT or not text.isprintable():
            raise ValueError(
                f"{field.name} must be of 1 to {_LONGEST_TEXT} printable characters, but got {text[:99]!r}"
            )


def check_score(_: object, field: "attrs.Attribute[Score | None]", score: Score | None) -> None:
    """Refuse numbers that are not finite."""
    for value in () if score is None else (score.value, score.mean, 0.0 if score.std is None else score.std):
        if not isfinite(value):
            raise ValueError(f"{field.name} must be of finite numbers, but got {value}")
