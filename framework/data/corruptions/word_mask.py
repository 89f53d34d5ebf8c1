"""Words hidden behind the tokenizer's mask token."""

from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..preprocessing import Preprocessing
from ..preprocessing.text import TextPreprocessing
from .base import PreprocessedCorruption, check_share, to_float
from .words import find_words, read_word_rules


@attrs.frozen
class WordMask(PreprocessedCorruption):
    """Replaces every token of some words by the tokenizer's own mask token; special tokens stay.

    A higher rate masks the words that a lower one does, and further ones.

    Args:
        rate: share of the words of each text that are masked, rounded to whole words.
    """

    name: ClassVar[str] = "word_mask"
    kinds: ClassVar[frozenset[str]] = frozenset({"text"})
    severity_argument: ClassVar[str] = "rate"
    severities: ClassVar[tuple[float, float, float, float, float]] = (0.1, 0.2, 0.4, 0.6, 0.8)

    rate: float = attrs.field(converter=to_float, validator=check_share)

    def corrupt(
        self, values: NDArray[Any], preprocessing: Preprocessing, generator: np.random.Generator
    ) -> NDArray[Any]:
        """The numbers of tokens, some of them the mask's.

        Raises:
            DataError: if the preprocessing is not of text, or its tokenizer has no mask token.
        """
        if not isinstance(preprocessing, TextPreprocessing):
            raise DataError(f"{self.name} is for text, but this is {preprocessing.kind}.")
        mask = preprocessing.vocabulary.mask
        if mask is None:
            raise DataError(f"{self.name} needs a tokenizer with a mask token, such as [MASK], but this one has none.")
        words = find_words(values.tolist(), read_word_rules(preprocessing.tokenizer))
        masked = values.copy()
        for word in generator.permutation(len(words))[: round(self.rate * len(words))]:
            masked[words[word]] = mask
        return masked
