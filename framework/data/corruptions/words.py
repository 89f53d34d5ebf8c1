"""Which tokens make up a word."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import attrs

from ..preprocessing.tokenizer import read_vocabulary

_BEGINNINGS: Final = ("\u0120", "\u2581")
"""What the tokens of byte-level and of sentence-piece tokenizers have in front where a word begins."""


@attrs.frozen
class WordRules:
    """How a tokenizer divides words.

    Args:
        continuing: numbers of tokens that go on with a word.
        outside: numbers of tokens that are no part of a word.
    """

    continuing: frozenset[int]
    outside: frozenset[int]


@lru_cache(maxsize=16)
def read_word_rules(tokenizer: str) -> WordRules:
    """Learn from a tokenizer's JSON which tokens begin words.

    An unknown word is a word, though its token is a special one.

    Args:
        tokenizer: of the library tokenizers, as JSON that `read_vocabulary` accepts.
    """
    model = json.loads(tokenizer)["model"]
    words = model["vocab"]
    tokens = words if isinstance(words, dict) else {token: number for number, (token, _) in enumerate(words)}
    prefix = model.get("continuing_subword_prefix")
    beginning = next((mark for mark in _BEGINNINGS if any(token.startswith(mark) for token in tokens)), None)
    if prefix:
        continuing = {number for token, number in tokens.items() if token.startswith(prefix)}
    elif beginning:
        continuing = {number for token, number in tokens.items() if not token.startswith(beginning)}
    else:
        continuing = set()
    unknown = {model.get("unk_id"), tokens.get(model.get("unk_token"))}
    return WordRules(frozenset(continuing), read_vocabulary(tokenizer).special - unknown)


def find_words(numbers: Sequence[int], rules: WordRules) -> list[list[int]]:
    """Positions of the tokens of each word of a text.

    Args:
        numbers: of the text's tokens.
        rules: of the tokenizer.

    Example:
        >>> rules = WordRules(continuing=frozenset({7, 8}), outside=frozenset({1, 2}))
        >>> find_words([1, 5, 7, 8, 6, 2], rules)
        [[1, 2, 3], [4]]
    """
    words: list[list[int]] = []
    inside = False
    for position, number in enumerate(numbers):
        if number in rules.outside:
            inside = False
        elif inside and number in rules.continuing:
            words[-1].append(position)
        else:
            words.append([position])
            inside = True
    return words
