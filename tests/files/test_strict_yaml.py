"""YAML that anyone may have written: what is read, and what is refused, always in one line and at once."""

import time

import pytest
from acclimate.framework.files.shown_value import shown
from acclimate.framework.files.strict_yaml import MAX_DEPTH, YamlRuleError, parse_yaml

BOMB = "- &b0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"- &b{number} [{', '.join([f'*b{number - 1}'] * 9)}]\n" for number in range(1, 9)
)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: 1\nb: [yes, null, 1.5, 0x1F, 1_000]", {"a": 1, "b": [True, None, 1.5, 31, 1000]}),
        ("1e-3", "1e-3"),
        ("'1:30'", "1:30"),
        ("{'<<': 1, '=': '2020-01-01'}", {"<<": 1, "=": "2020-01-01"}),
        ('"\\U0001F600"', "\U0001f600"),
        ("-.inf", -float("inf")),
        ("-9223372036854775808", -(2**63)),
    ],
)
def test_plain_yaml_is_read(text: str, value: object) -> None:
    assert parse_yaml(text) == value


def test_levels_are_counted() -> None:
    assert str(parse_yaml(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(YamlRuleError, match=f"expected at most {MAX_DEPTH} levels"):
        parse_yaml(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, r"line 1: anchors \(&b0\) are not read"),
        ("a: &q {weight: *q}", r"line 1: anchors \(&q\) are not read"),
        ("a: *q", "undefined alias"),
        ("x: 1\n<<: {a: 1}", "line 2: << would be a merge key: put it in quotes"),
        ("=", "= would be a default value"),
        ("name: 2020-13-45", "line 1: 2020-13-45 would be a date: put it in quotes"),
        ("name: 2020-01-01 10:20:30", "would be a date"),
        ("name: 1:30", "1:30 would be a number in sixties"),
        ("name: 1:30.5", "in sixties"),
        ("name: !!int abc", r"tags \(!!int\) are not read"),
        ("!!binary aaaa", r"tags \(!!binary\)"),
        ("!!python/object/apply:os.system [ls]", r"tags \(!!python"),
        ("!own {a: 1}", "could not determine a constructor for the tag"),
        ("name: 0x_", "0x_ looks like a number, but is none"),
        ("name: 0b", None),
        ("name: " + "9" * 10_000, "has more than 64 bits"),
        ("name: 9223372036854775808", "has more than 64 bits"),
        ("a: 1\na: 2", "line 2: the key 'a' stands there twice"),
        ("{1: a, true: b}", "stands there twice"),
        ("{[a]: b}", "a key must be text or a number, but is a sequence"),
        ("? {a: b}\n: c", "a key must be text or a number, but is a mapping"),
        ("? " * 2000, "levels"),
        ("- " * 2000, "levels"),
        (nested(2000), "levels"),
        ("{a: " * 2000, "levels"),
        ("[" + "1, " * 30_000 + "]", "expected at most 20,000 values"),
        ("x" * 300_000, "expected at most 262,144 bytes"),
        ("\u20ac" * 100_000, "expected at most 262,144 bytes"),
        ("a\x00b", "special characters are not allowed"),
        ("a\udcffb", "special characters are not allowed"),
        ('"\\ud800"', "half a character"),
        ('"\\UFFFFFFFF"', "not valid YAML"),
        ('"\\U00110000"', "not valid YAML"),
        ("a: [", "while parsing a flow node"),
        ("a: 1\n---\nb: 2", "expected a single document"),
        ("%YAML 9.9\n---\na", "not valid YAML"),
        ("\t- x", "not valid YAML"),
    ],
)
def test_all_else_is_one_line_at_once(text: str, message: str | None) -> None:
    before = time.process_time()
    if message is None:
        assert parse_yaml(text) is not None
        return
    with pytest.raises(ValueError, match=message) as caught:
        parse_yaml(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert time.process_time() - before < 5


def test_a_value_in_a_message_is_short() -> None:
    value: list[object] = ["x" * 10**6]
    for _ in range(40):
        value = [value] * 9
    assert len(shown(value)) <= 200
    assert len(shown("x" * 10**6)) <= 200
