"""Tokenizers of strangers: what fails in the library, or panics in its Rust code, is one error."""

import json

import pytest
from acclimate.framework.data.decoding import Decoded
from acclimate.framework.data.preprocessing import TextPreprocessing
from acclimate.framework.errors import DataError

SPECIAL = {"id": "[NOPE]", "type_id": 0}
BROKEN = {
    "normalizer": {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}},
    "regular expression": {"normalizer": {"type": "Replace", "pattern": {"Regex": "("}, "content": ""}},
    "template": {
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": SPECIAL}],
            "pair": [],
            "special_tokens": {},
        }
    },
    "unknown token": {"model": {"type": "WordLevel", "vocab": {"x": 0}, "unk_token": "[GONE]"}},
    "merges": {"model": {"type": "BPE", "vocab": {"x": 0, "a": 1}, "merges": [["a", "x"]]}},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_broken_tokenizer_is_one_error(change: dict[str, object]) -> None:
    whole = json.loads(TextPreprocessing.fit([Decoded("text", "a fine day"), Decoded("text", "a day off")]).tokenizer)
    preprocessing = TextPreprocessing(max_length=8, tokenizer=json.dumps({**whole, **change}))
    with pytest.raises(DataError, match=r"^(expected a tokenizer|'?a bad day'?: the tokenizer fails)") as raised:
        preprocessing(Decoded("text", "a bad day", name="a bad day"))
    assert "\n" not in str(raised.value)
