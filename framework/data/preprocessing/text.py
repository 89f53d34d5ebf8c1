"""Text as the numbers of its tokens."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import OPTIONAL, Preprocessing, check_positive
from .tokenizer import Vocabulary, explained, open_tokenizer, read_vocabulary

MAX_TOKENS: Final = 512
"""Tokens that are inferred at most, as many as BERT has positions for; an override may say more."""


def _check_tokenizer(_: object, field: "attrs.Attribute[str]", value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(f"{field.name} must be a string of JSON, but got {value!r}.")  # noqa: TRY004
    read_vocabulary(value)


@attrs.frozen
class TextPreprocessing(Preprocessing):
    """A text to the numbers of its tokens `(tokens,)`; what is longer loses its end.

    The tokenizer travels with the model: whoever has a checkpoint or an artefact needs no further file.

    Args:
        max_length: tokens that are kept, among them those that the tokenizer puts at a text's ends.
        tokenizer: of the library tokenizers, as its own JSON.
        cells: whether a table's cells are the `text` itself or name a `file` that holds it; None leaves it to what
            most of a column look like.

    Example:
        >>> texts = [Decoded("text", text) for text in ("A fine day.", "A day off.")]
        >>> preprocessing = TextPreprocessing.fit(texts)
        >>> preprocessing(Decoded("text", "a bad day")).tolist()
        [2, 6, 1, 7, 3, 0]
        >>> preprocessing.vocabulary
        Vocabulary(size=8, padding=0, mask=4, special=frozenset({0, 1, 2, 3, 4}))
    """

    kind: ClassVar[str] = "text"
    time_axis: ClassVar[int | None] = 0
    dtype: ClassVar[type[np.generic]] = np.int64
    fits_all_rows: ClassVar[bool] = True

    max_length: int = attrs.field(validator=check_positive)
    tokenizer: str = attrs.field(validator=_check_tokenizer, repr=False)
    cells: str | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.in_(("text", "file"))), metadata=OPTIONAL
    )

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer the number of tokens (see `fit_length`; `MAX_TOKENS` at most) and, unless one is given, a tokenizer.

        Args:
            samples: seen once, one after the other.
            overrides: fields that are known already. `tokenizer` is a path or name, see `load_tokenizer`, or JSON.
        """
        from .lengths import fit_length
        from .tokenizer_files import load_tokenizer
        from .word_tokenizer import WordSplitter, make_word_tokenizer

        known = dict(overrides or {})
        given = known.get("tokenizer")
        lengths: list[int] = []
        if given is None:
            counts: Counter[str] = Counter()
            split = WordSplitter()
            for decoded in samples:
                words = split(_to_text(decoded))
                counts.update(words)
                lengths.append(len(words))
            known["tokenizer"] = make_word_tokenizer(counts)
            lengths = [2 + length for length in lengths]
        else:
            known["tokenizer"] = given if str(given).lstrip().startswith("{") else load_tokenizer(str(given))
            encode = open_tokenizer(str(known["tokenizer"])).encode
            lengths = [len(encode(_to_text(decoded)).ids) for decoded in samples]
        return cls._make({"max_length": min(MAX_TOKENS, fit_length(lengths))}, known)

    @property
    def vocabulary(self) -> Vocabulary:
        """What the tokenizer says of its tokens."""
        return read_vocabulary(self.tokenizer)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(max_length,)`."""
        return (self.max_length,)

    @property
    def indices(self) -> int:
        """Size of the vocabulary."""
        return self.vocabulary.size

    @property
    def padding(self) -> int:
        """The number of the token that pads."""
        return self.vocabulary.padding

    def encoder_arguments(self) -> dict[str, object]:
        """`vocabulary_size`, `padding_id` and `max_length`."""
        return {"vocabulary_size": self.vocabulary.size, "padding_id": self.padding, "max_length": self.max_length}

    def random(self, generator: "np.random.Generator", rows: int) -> NDArray[np.int64]:
        """Numbers of tokens `(rows, max_length)`."""
        return generator.integers(self.vocabulary.size, size=(rows, self.max_length))

    def _prepare(self, decoded: Decoded) -> NDArray[np.int64]:
        tokenizer, text = open_tokenizer(self.tokenizer, self.max_length), _to_text(decoded)
        with explained(f"{decoded.name}: the tokenizer fails"):
            numbers = tokenizer.encode(text).ids
        if not numbers:
            raise DataError(f"{decoded.name}: expected text, but the tokenizer finds none in it.")
        return np.array(numbers, dtype=np.int64)


def _to_text(decoded: Decoded) -> str:
    if not isinstance(decoded.value, str):
        raise DataError(f"{decoded.name}: expected text, but found {decoded.kind}.")
    if not decoded.value.strip():
        raise DataError(f"{decoded.name}: expected text, but found none; an empty cell is a missing modality.")
    return decoded.value
