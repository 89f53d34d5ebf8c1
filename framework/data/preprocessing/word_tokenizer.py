"""Tokenizers that know the words of the data themselves."""

from collections.abc import Mapping
from typing import Any, Final

from .tokenizer import SPECIAL_TOKENS, UNKNOWN, import_tokenizers, to_json

VOCABULARY_SIZE: Final = 30_000
"""Tokens of a vocabulary at most, about as many as BERT's."""

MIN_FREQUENCY: Final = 2
"""How often a word must be seen to be known: the rarer ones train what stands for all that are unknown."""


class WordSplitter:
    """Splits a text into words and runs of punctuation, in lower case.

    Raises:
        DataError: if the library tokenizers is not installed.

    Example:
        >>> WordSplitter()("That's fine!")
        ['that', "'", 's', 'fine', '!']
    """

    def __init__(self) -> None:
        tokenizers = import_tokenizers()
        normalizers = tokenizers.normalizers
        self.normalizer: Any = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
        self.pre_tokenizer: Any = tokenizers.pre_tokenizers.Whitespace()

    def __call__(self, text: str) -> list[str]:
        """The words of a text."""
        return [word for word, _ in self.pre_tokenizer.pre_tokenize_str(self.normalizer.normalize_str(text))]


def make_word_tokenizer(counts: Mapping[str, int]) -> str:
    """The JSON of a tokenizer that splits as `WordSplitter` does and knows the most frequent words.

    Args:
        counts: how often each word was seen. Those seen less than `MIN_FREQUENCY` times are unknown, and so are the
            rarest where there are more than `VOCABULARY_SIZE`.

    Raises:
        DataError: if the library tokenizers is not installed.
    """
    tokenizers, splitter = import_tokenizers(), WordSplitter()
    frequent = [word for word, count in counts.items() if count >= MIN_FREQUENCY]
    frequent.sort(key=lambda word: (-counts[word], word))
    numbers = {word: number for number, word in enumerate((*SPECIAL_TOKENS, *frequent)[:VOCABULARY_SIZE])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(numbers, unk_token=UNKNOWN))
    made.normalizer, made.pre_tokenizer = splitter.normalizer, splitter.pre_tokenizer
    return to_json(made, {token: numbers[token] for token in SPECIAL_TOKENS})
