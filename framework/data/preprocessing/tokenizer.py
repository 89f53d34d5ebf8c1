"""Tokenizers as JSON, which the library tokenizers runs; it is imported late."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import attrs

from ...errors import DataError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL_TOKENS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""Of BERT's vocabularies, and of those that we make."""

UNKNOWN: Final = "[UNK]"


@attrs.frozen
class Vocabulary:
    """What a tokenizer's JSON says of its tokens.

    Args:
        size: one more than the highest number of a token.
        padding: number of the token that pads.
        mask: number of the token that stands for a hidden word; None where there is none.
        special: numbers of all tokens that are no text.
    """

    size: int
    padding: int
    mask: int | None
    special: frozenset[int]


@lru_cache(maxsize=16)
def read_vocabulary(tokenizer: str) -> Vocabulary:
    """What a tokenizer's JSON says of its tokens; needs no library.

    Raises:
        ValueError: if it is no tokenizer, or none of its tokens pads.
    """
    try:
        content = json.loads(tokenizer)
        words, added = content["model"]["vocab"], content["added_tokens"]
        numbers = words.values() if isinstance(words, Mapping) else range(len(words))
        special = {token["content"]: token["id"] for token in added if token["special"]}
        size = 1 + max((*numbers, *(token["id"] for token in added)))
        padding = (content.get("padding") or {}).get("pad_id", _find(special, "pad"))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"tokenizer must be JSON of the library tokenizers, but got {tokenizer[:40]!r}.") from error
    if not isinstance(size, int) or not isinstance(padding, int | None):
        raise ValueError(f"tokenizer must number its tokens by whole numbers, but has {size - 1!r} and {padding!r}.")  # noqa: TRY004
    if padding is None:
        known = ", ".join(special) or "none"
        raise ValueError(f"tokenizer must have a special token that pads, such as [PAD] or <pad>, but has {known}.")
    return Vocabulary(size, padding, _find(special, "mask"), frozenset(special.values()))


@lru_cache(maxsize=16)
def open_tokenizer(tokenizer: str, max_length: int | None = None) -> "Tokenizer":
    """Make a tokenizer ready to run.

    Args:
        tokenizer: its JSON.
        max_length: tokens that are kept of a text, among them those that mark its ends; None keeps all.

    Raises:
        DataError: if it is none, leaves a text no room, or the library is not installed.
    """
    library = import_tokenizers()
    with explained("expected a tokenizer of the library tokenizers, but found"):
        found: Tokenizer = library.Tokenizer.from_str(tokenizer)
    found.no_padding()
    found.no_truncation()
    if max_length is not None:
        ends = found.num_special_tokens_to_add(is_pair=False)
        if max_length <= ends:
            raise DataError(
                f"max_length must be above {ends}, the tokens that mark a text's ends, but got {max_length}."
            )
        found.enable_truncation(max_length)
    return found


@contextmanager
def explained(message: str) -> Iterator[None]:
    """Turn whatever the library raises into a DataError of one line.

    Args:
        message: what went wrong; the library's words follow.
    """
    try:
        yield
    except BaseException as error:
        # It raises nothing more particular; and where its Rust code panics, something that is no Exception at all.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise DataError(f"{message}: {first_line(error)[:200]}") from error


def to_json(tokenizer: Any, special: Mapping[str, int]) -> str:  # noqa: ANN401 - the library is imported late
    """The JSON of a tokenizer that puts each text between [CLS] and [SEP], as BERT's do.

    Args:
        tokenizer: without special tokens.
        special: numbers of `SPECIAL_TOKENS` in its vocabulary.
    """
    ends = [(token, special[token]) for token in ("[CLS]", "[SEP]")]
    template = import_tokenizers().processors.TemplateProcessing
    tokenizer.post_processor = template(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.add_special_tokens([*special])
    text: str = tokenizer.to_str()
    return text


def import_tokenizers() -> Any:  # noqa: ANN401 - the library is imported late
    """The library.

    Raises:
        DataError: if it is not installed.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise DataError("text needs the library tokenizers: pip install acclimate[text]") from error
    return tokenizers


def first_line(error: BaseException) -> str:
    """What an error says, without its details."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _find(special: Mapping[str, int], meaning: str) -> int | None:
    """The special token that is called `[MEANING]`, `<meaning>` or the like."""
    found = [number for token, number in special.items() if re.sub("[^a-z]", "", token.lower()) == meaning]
    return found[0] if found else None
