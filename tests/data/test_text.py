"""Text as the numbers of its tokens: tokenizers of the data and of pretrained models."""

import json
import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from acclimate.framework import DataError
from acclimate.framework.data import Decoded, Preprocessing, TextPreprocessing
from acclimate.framework.data.preprocessing.text import MAX_TOKENS
from acclimate.framework.data.preprocessing.tokenizer import SPECIAL_TOKENS, read_vocabulary
from acclimate.framework.data.preprocessing.word_tokenizer import VOCABULARY_SIZE, make_word_tokenizer
from bits import assert_same_bits
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertTokenizer

PAD, UNKNOWN, START, END, MASK = range(len(SPECIAL_TOKENS))
PIECES = (*SPECIAL_TOKENS, "a", "fine", "day", "##s", "Day", ",", "ü", "u")


def texts(*values: str) -> list[Decoded]:
    return [Decoded("text", value, name=f"text {number}") for number, value in enumerate(values)]


def tokens(preprocessing: TextPreprocessing, text: str) -> list[str]:
    """What a text becomes, in words again, without padding."""
    prepared = preprocessing.prepare(texts(text)[0])
    words = {number: word for word, number in json.loads(preprocessing.tokenizer)["model"]["vocab"].items()}
    return [words[number] for number in prepared.values[: prepared.length].tolist()]


def test_a_vocabulary_is_made_of_what_is_seen_twice() -> None:
    fitted = TextPreprocessing.fit(texts("The cat. THE dog!", "the cat, the bird"), {"max_length": 9})
    known = ["[CLS]", "the", "cat", "[UNK]", "[UNK]", "the", "[UNK]", "[UNK]", "[SEP]"]
    assert tokens(fitted, "The Cat saw: the dog!") == known
    assert fitted.vocabulary.size == len(SPECIAL_TOKENS) + 2


def test_the_order_of_rows_does_not_matter() -> None:
    rows = texts("b a c", "a c b", "d d d d", "c é", "É")
    assert TextPreprocessing.fit(rows) == TextPreprocessing.fit(rows[::-1])


def test_the_rarest_words_of_too_many_are_left_out() -> None:
    counts = Counter({f"w{number}": 2 + number // VOCABULARY_SIZE for number in range(VOCABULARY_SIZE + 9)})
    words = json.loads(make_word_tokenizer(counts))["model"]["vocab"]
    assert len(words) == VOCABULARY_SIZE
    assert {f"w{VOCABULARY_SIZE + number}" for number in range(9)} <= set(words)


def test_long_texts_lose_their_end_and_short_ones_are_padded() -> None:
    fitted = TextPreprocessing.fit(texts("a b", "a b"), {"max_length": 4})
    short, long = (fitted.prepare(text) for text in texts("a", "a b a b a"))
    assert (short.length, long.length) == (3, 4)
    assert (short.values[-1], long.values[-1]) == (PAD, END)
    assert short.values.dtype == np.int64


def test_few_texts_are_cut_and_none_is_longer_than_a_transformer_takes() -> None:
    assert TextPreprocessing.fit(texts(*["a b c"] * 39, "a " * 100)).max_length == 5
    assert TextPreprocessing.fit(texts("a " * 1000)).max_length == MAX_TOKENS


def test_a_configuration_needs_no_further_file() -> None:
    fitted = TextPreprocessing.fit(texts("a fine day", "a day off"))
    again = Preprocessing.from_config(json.loads(json.dumps(fitted.to_config())))
    assert again == fitted
    text = texts("a fine day")[0]
    assert_same_bits(again(text), pickle.loads(pickle.dumps(fitted))(text))  # noqa: S301
    assert "day" not in repr(fitted)


def test_random_inputs_are_tokens() -> None:
    fitted = TextPreprocessing.fit(texts("a b c", "a b c"))
    drawn = fitted.random(np.random.default_rng(0), 200)
    assert drawn.shape == (200, *fitted.shape)
    assert drawn.dtype == fitted.dtype
    assert (drawn.min(), drawn.max()) == (0, fitted.vocabulary.size - 1)
    assert fitted.encoder_arguments() == {"vocabulary_size": 8, "padding_id": PAD, "max_length": fitted.max_length}


def write_bert(folder: Path, **settings: object) -> Path:
    (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece in PIECES), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", **settings}))
    return folder


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_berts_vocabulary_gives_berts_tokens(tmp_path: Path, *, do_lower_case: bool) -> None:
    write_bert(tmp_path, do_lower_case=do_lower_case)
    fitted = TextPreprocessing.fit(texts("a day"), {"tokenizer": str(tmp_path), "max_length": 16})
    reference = BertTokenizer.from_pretrained(tmp_path, do_lower_case=do_lower_case)
    for text in ("A fine Day, ü", "days dayx", "DAYS,,  a [MASK] day"):
        prepared = fitted.prepare(texts(text)[0])
        assert_same_bits(prepared.values[: prepared.length], reference(text)["input_ids"], text)
    assert fitted.vocabulary.mask == MASK
    assert fitted.vocabulary.special == set(range(len(SPECIAL_TOKENS)))


def save_tokenizer(path: Path, padding: str = "<pad>", **padded: int) -> str:
    """A tokenizer without marks at a text's ends, whose padding is its last token."""
    made = Tokenizer(models.WordLevel({"<unk>": 0, "day": 1, "fine": 2}, unk_token="<unk>"))  # noqa: S106
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["<mask>", padding])
    if padded:
        made.enable_padding(pad_id=padded["pad_id"], length=9)
        made.enable_truncation(1)
    made.save(str(path))
    return str(path)


@pytest.mark.parametrize("padded", [{}, {"pad_id": 4}])
def test_a_tokenizer_file_is_used_but_not_its_own_lengths(tmp_path: Path, padded: dict[str, int]) -> None:
    path = save_tokenizer(tmp_path / "tokenizer.json", **padded)
    for place in (path, str(tmp_path)):
        fitted = TextPreprocessing.fit(texts("fine day day"), {"tokenizer": place})
        assert (fitted.max_length, fitted.padding, fitted.vocabulary.mask) == (3, 4, 3)
        assert fitted(texts("fine")[0]).tolist() == [2, 4, 4]


def test_a_name_on_the_hub_is_looked_for_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"^tokenizer someone/something: expected one .*, but: .*the Hub"):
        TextPreprocessing.fit(texts("a"), {"tokenizer": "someone/something"})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("tokenizer.json", None, "expected a file or folder, but found none."),
        ("", None, "expected tokenizer.json or vocab.txt in the folder, but found neither."),
        ("tokenizer.json", "{}", "expected one of the library tokenizers, but: Model missing. at line 1 column 2"),
        ("vocab.txt", "a\nday\n", "expected a line [PAD], as BERT's vocabularies have it."),
    ],
)
def test_a_tokenizer_that_does_not_serve_is_named(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError) as error:
        TextPreprocessing.fit(texts("a"), {"tokenizer": str(path)})
    assert str(error.value) == f"tokenizer {path}: {message}"


def test_a_tokenizer_without_padding_is_refused(tmp_path: Path) -> None:
    path = save_tokenizer(tmp_path / "tokenizer.json", padding="<end>")
    message = r"^text preprocessing: tokenizer must have a special token that pads, .* but has <mask>, <end>\.$"
    with pytest.raises(DataError, match=message):
        TextPreprocessing.fit(texts("fine day"), {"tokenizer": path})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_length": 0}, "max_length must be a positive whole number, but got 0."),
        ({"tokenizer": "day"}, "tokenizer must be JSON of the library tokenizers, but got 'day'."),
        ({"tokenizer": '{"model": 3}'}, "tokenizer must be JSON of the library tokenizers, but got '{\"model\": 3}'."),
        ({"tokenizer": 3}, "tokenizer must be a string of JSON, but got 3."),
    ],
)
def test_wrong_configurations_are_refused(fields: dict[str, object], message: str) -> None:
    config = TextPreprocessing.fit(texts("a b")).to_config()
    with pytest.raises(DataError) as error:
        Preprocessing.from_config({**config, **fields})
    assert str(error.value) == f"text preprocessing: {message}"


@pytest.mark.parametrize(
    ("decoded", "message"),
    [
        (Decoded("audio", np.zeros(3), 8000, "x"), "x: expected text, but found audio."),
        (Decoded("text", " \n", name="x"), "x: expected text, but found none; an empty cell is a missing modality."),
    ],
)
def test_what_is_no_text_is_refused(decoded: Decoded, message: str) -> None:
    fitted = TextPreprocessing.fit(texts("a b"))
    for use in (fitted, lambda decoded: TextPreprocessing.fit([decoded])):
        with pytest.raises(DataError) as error:
            use(decoded)
        assert str(error.value) == message


def test_a_text_in_which_the_tokenizer_finds_nothing_is_refused(tmp_path: Path) -> None:
    path = save_tokenizer(tmp_path / "tokenizer.json")
    fitted = TextPreprocessing.fit(texts("fine day"), {"tokenizer": path})
    with pytest.raises(DataError, match=r"^text 0: expected text, but the tokenizer finds none in it\.$"):
        # A space of no width.
        fitted(texts("\u200b")[0])


def test_the_ends_of_a_text_leave_it_room() -> None:
    config = TextPreprocessing.fit(texts("a b")).to_config()
    with pytest.raises(DataError, match=r"^max_length must be above 2, the tokens that .*, but got 2\.$"):
        Preprocessing.from_config({**config, "max_length": 2})(texts("a")[0])


def test_the_special_tokens_are_found_by_name() -> None:
    made = Tokenizer(models.Unigram([("a", 0.0), ("b", -1.0)]))
    made.add_special_tokens(["<s>", "<pad>", "<mask>"])
    found = read_vocabulary(made.to_str())
    assert (found.size, found.padding, found.mask, found.special) == (5, 3, 4, {2, 3, 4})


def test_without_the_library_one_line_says_what_to_install() -> None:
    code = """
import sys
sys.modules["tokenizers"] = None
from acclimate.framework import DataError
from acclimate.framework.data import Decoded, TextPreprocessing
try:
    TextPreprocessing.fit([Decoded("text", "a")])
except DataError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found == "text needs the library tokenizers: pip install acclimate[text]\n"
