"""Words that are masked, with tokenizers that divide words in different ways."""

from pathlib import Path

import attrs
import numpy as np
import pytest
from acclimate.framework import DataError, Task
from acclimate.framework.data import Samples, Schema, Table, check_table, read_table
from acclimate.framework.data.corruptions import corrupt_table, plan_preset
from acclimate.framework.data.corruptions.words import WordRules, find_words, read_word_rules
from acclimate.framework.data.decoding import Decoded
from acclimate.framework.data.preprocessing.text import TextPreprocessing
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from .data_files import write_text

WORDS = ("kitchen", "garden", "morning", "walking", "walker", "sing", "singing", "singer", "open", "opening")
LENGTH = 24
UNKNOWN = "[UNK]"


def sentences(count: int) -> list[str]:
    """Texts of eight words; one of them nobody has ever seen."""
    generator = np.random.default_rng(0)
    return [" ".join([*generator.choice(WORDS, 7), "qqq"]) for _ in range(count)]


def finish(tokenizer: Tokenizer, start: str, end: str) -> str:
    numbers = [(token, tokenizer.token_to_id(token)) for token in (start, end)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{start} $A {end}", special_tokens=numbers)
    return str(tokenizer.to_str())


def word_piece() -> str:
    """As BERT: pieces that go on with a word begin with ##; what has no pieces is unknown."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "kitchen", "garden", "morn", "walk", "sing", "open"]
    vocabulary = {piece: number for number, piece in enumerate([*pieces, "##ing", "##er"])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.add_special_tokens(pieces[:5])
    return finish(tokenizer, "[CLS]", "[SEP]")


def byte_pairs() -> str:
    """As RoBERTa: tokens that begin a word, but for the text's first, begin with a space."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(sentences(20), trainer)
    return finish(tokenizer, "<s>", "</s>")


def sentence_pieces() -> str:
    """As XLM-R: tokens that begin a word begin with a low line."""
    special = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("<mask>", 0.0)]
    pieces = [(f"\u2581{word}", -2.0) for word in ("kitchen", "garden", "morn", "walk", "sing", "open")]
    tokenizer = Tokenizer(models.Unigram([*special, *pieces, ("ing", -1.0), ("er", -1.0), ("\u2581", -3.0)], unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.add_special_tokens([name for name, _ in special])
    return finish(tokenizer, "<s>", "</s>")


def whole_words() -> str:
    """Fitted on texts; each word is a token."""
    fitted = TextPreprocessing.fit([Decoded("text", text) for text in sentences(20)])
    return fitted.tokenizer


TOKENIZERS = {
    "word pieces": word_piece,
    "byte pairs": byte_pairs,
    "sentence pieces": sentence_pieces,
    "words": whole_words,
}


@pytest.fixture(params=sorted(TOKENIZERS))
def preprocessing(request: pytest.FixtureRequest) -> TextPreprocessing:
    return TextPreprocessing(max_length=LENGTH * 2, tokenizer=TOKENIZERS[request.param]())


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Texts of eight words."""
    lines = [f"row{number},x,train,{number % 2},{text}" for number, text in enumerate(sentences(30))]
    return read_table(write_text(tmp_path / "table.csv", "id,domain,split,label,said", *lines))


def read_tokens(table: Table, preprocessing: TextPreprocessing, cell: str | None) -> list[list[int]]:
    """Tokens of each row without padding; the padding is checked."""
    corruptions = {} if cell is None else {"said": cell}
    rows = table.with_rows(attrs.evolve(row, corruptions=corruptions) for row in table.rows)
    samples = Samples(rows, Schema({"said": preprocessing}, (Task("label", ("0", "1")),)), labelled=True)
    for sample in samples:
        assert (sample.inputs["said"][sample.lengths["said"] :] == preprocessing.padding).all()
        assert sample.inputs["said"].dtype == np.int64
    return [sample.inputs["said"][: sample.lengths["said"]].tolist() for sample in samples]


def test_words_are_found_in_the_tokens(preprocessing: TextPreprocessing, table: Table) -> None:
    rules = read_word_rules(preprocessing.tokenizer)
    for numbers in read_tokens(table, preprocessing, None):
        words = find_words(numbers, rules)
        # None is divided, none swallows its neighbour, and the unknown one is a word too.
        assert len(words) == 8
        assert [position for word in words for position in word] == list(range(1, len(numbers) - 1))


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.4, 1.0])
def test_the_share_of_words_that_is_asked_for_is_masked(
    preprocessing: TextPreprocessing, table: Table, rate: float
) -> None:
    mask = preprocessing.vocabulary.mask
    rules = read_word_rules(preprocessing.tokenizer)
    before = read_tokens(table, preprocessing, None)
    after = read_tokens(table, preprocessing, f"word_mask(rate={rate})")
    for numbers, changed in zip(before, after, strict=True):
        assert len(changed) == len(numbers)
        assert (changed[0], changed[-1]) == (numbers[0], numbers[-1])
        hidden = [{changed[position] for position in word} == {mask} for word in find_words(numbers, rules)]
        assert sum(hidden) == round(rate * 8)
        whole = [
            position
            for word, gone in zip(find_words(numbers, rules), hidden, strict=True)
            if not gone
            for position in word
        ]
        assert [changed[position] for position in whole] == [numbers[position] for position in whole]
    if 0 < rate < 1:
        places = {tuple(np.flatnonzero(np.array(changed) == mask)) for changed in after}
        assert len(places) > 5


def test_a_higher_rate_masks_further_words(preprocessing: TextPreprocessing, table: Table) -> None:
    mask = preprocessing.vocabulary.mask
    hidden: list[set[int]] = [set() for _ in table.rows]
    for severity in (0.1, 0.2, 0.4, 0.6, 0.8):
        tokens = read_tokens(table, preprocessing, f"word_mask(rate={severity}, seed=2)")
        now = [{position for position, number in enumerate(row) if number == mask} for row in tokens]
        assert all(before < after for before, after in zip(hidden, now, strict=True))
        hidden = now


def test_a_tokenizer_without_a_mask_is_named_with_the_row(table: Table) -> None:
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "sing": 2}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]"])
    preprocessing = TextPreprocessing(max_length=LENGTH, tokenizer=tokenizer.to_str())
    assert read_tokens(table, preprocessing, None)
    with pytest.raises(DataError) as error:
        read_tokens(table, preprocessing, "word_mask(rate=0.4)")
    assert str(error.value) == (
        "line 2, id 'row0', said: word_mask needs a tokenizer with a mask token, such as [MASK], but this one has none."
    )


def test_noise_is_not_for_text(table: Table) -> None:
    preprocessing = TextPreprocessing(max_length=LENGTH, tokenizer=whole_words())
    with pytest.raises(
        DataError, match=r"^line 2, id 'row0', said: gaussian_noise is for numbers, but this is text\.$"
    ):
        read_tokens(table, preprocessing, "gaussian_noise(std=1)")


def test_presets_mask_words_of_texts(table: Table) -> None:
    (plan,) = plan_preset("a3d2-mintrec", table, seed=7)
    assert (plan.modality, [str(step.corruption) for step in plan.steps]) == ("said", ["word_mask(rate=0.2, seed=7)"])
    assert check_table(corrupt_table(table, [plan])).corruptions["said: word_mask(rate=0.2, seed=7)"] == {
        ("x", "train"): len(table)
    }


def test_a_special_token_between_two_pieces_ends_a_word() -> None:
    rules = WordRules(continuing=frozenset({7}), outside=frozenset({1}))
    assert find_words([7, 7, 1, 7, 5, 7], rules) == [[0, 1], [3], [4, 5]]
    assert find_words([1, 1], rules) == []
