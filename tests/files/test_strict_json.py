"""JSON that one program reads otherwise than another is refused, in one line."""

import re

import pytest
from acclimate.framework.files.strict_json import MAX_DEPTH, parse_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("\ufeff{}", "BOM"),
        ("NaN", "NaN is no JSON"),
        ('{"x": -Infinity}', "-Infinity is no JSON"),
        ("[1e999999]", "the number 1e999999 is too large"),
        ("1" * 100_000, "has more than 64 bits"),
        (str(2**63), "has more than 64 bits"),
        (str(-(2**63) - 1), "has more than 64 bits"),
        ('{"a": {"x": 1, "y": 2, "x": 1}}', "the key 'x' stands there twice"),
        ('["\\ud800"]', "holds half a character"),
        ('{"\\udfff": 1}', "holds half a character"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "nested too deeply"),
        ("[" * 10**6, "nested too deeply"),
        ('{"a":' * 10**5, "nested too deeply"),
    ],
)
def test_what_is_not_strict_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        parse_json(text)
    assert len(str(raised.value)) < 200
    assert "\n" not in str(raised.value)


def test_all_else_comes_back() -> None:
    text = '{"a": [1, -9223372036854775808, 0.5, 1e308, null, true, "\\ud83d\\ude00", {}], "": [[]]}'
    assert parse_json(text) == {
        "a": [1, -(2**63), pytest.approx(0.5), pytest.approx(1e308), None, True, "\U0001f600", {}],
        "": [[]],
    }
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
