"""YAML that anyone may have written, read within bounds, so that a value is what it looks like."""

import re
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

MAX_BYTES: Final = 2**18
"""Of a text that somebody wrote by hand."""

MAX_DEPTH: Final = 32
"""Mappings and lists inside each other, at most."""

MAX_VALUES: Final = 20_000
"""Mappings, lists, keys and other values of a text that somebody wrote by hand."""

_STANDARD: Final = "tag:yaml.org,2002:"
_INT64: Final = 2**63
_REFUSED: Final = {"timestamp": "a date", "merge": "a merge key", "value": "a default value"}
"""Plain words that YAML reads as what no setting is."""


class YamlRuleError(ValueError):
    """The text is YAML, but breaks a rule of ours.

    Args:
        message: which, and where.
        is_plain: whether the whole text is one plain word, which holds nothing but itself.
    """

    def __init__(self, message: str, *, is_plain: bool = False) -> None:
        super().__init__(message)
        self.is_plain = is_plain


def parse_yaml(
    text: str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH, max_values: int = MAX_VALUES
) -> Any:  # noqa: ANN401 - YAML may hold anything
    """Read YAML strictly: text, numbers, true and false, null, and lists and mappings of these.

    What makes YAML slow, dangerous or not what it looks like is refused: anchors and aliases, by which a few letters
    become billions of values; tags; one key twice; dates; numbers in sixties, as which YAML reads `1:30`, and those
    beyond 64 bits; halves of characters.

    Args:
        text: a document.
        max_bytes: that it may take in UTF-8.
        max_depth: mappings and lists inside each other, at most.
        max_values: that it may hold, at all depths.

    Raises:
        YamlRuleError: if a rule is broken; one line.
        ValueError: if it is no YAML; one line.

    Example:
        >>> parse_yaml("batch_size: 64")
        {'batch_size': 64}
        >>> parse_yaml("a: &x [1]")
        Traceback (most recent call last):
        acclimate.framework.files.strict_yaml.YamlRuleError: line 1: anchors (&x) are not read: ...
    """
    if len(text) > max_bytes or len(text.encode("utf-8", "replace")) > max_bytes:
        raise YamlRuleError(f"expected at most {max_bytes:,} bytes of YAML, but found more")
    try:
        return _Loader(text, max_depth, max_values).get_single_data()
    except yaml.YAMLError as error:
        raise ValueError(f"not valid YAML: {' '.join(str(error).split())[:400]}") from error
    except YamlRuleError:
        raise
    except (ValueError, OverflowError) as error:
        # Of PyYAML's own: escapes that are no character, digits that are no number.
        raise ValueError(f"not valid YAML: {error}") from error


class _Loader(yaml.SafeLoader):
    """Refuses while it reads, before anything is made of the values."""

    def __init__(self, text: str, max_depth: int, max_values: int) -> None:
        super().__init__(text)
        self._depth, self._values = 0, 0
        self._max_depth, self._max_values = max_depth, max_values

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:  # noqa: ANN401 - as PyYAML has it
        """A value with all that is in it."""
        peek: Any = self.peek_event
        event = peek()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.AliasEvent):
            _check_event(event, line)
        self._values += 1
        self._depth += 1
        if self._values > self._max_values:
            raise YamlRuleError(f"line {line}: expected at most {self._max_values:,} values, but found more")
        if isinstance(event, yaml.CollectionStartEvent) and self._depth > self._max_depth:
            raise YamlRuleError(f"line {line}: expected at most {self._max_depth} levels, but found more")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(node, ScalarNode):
            try:
                _check_scalar(node)
            except ValueError as error:
                raise YamlRuleError(f"line {line}: {error}", is_plain=self._depth == 0) from error
        elif isinstance(node, MappingNode):
            self._check_keys(node)
        return node

    def _check_keys(self, node: MappingNode) -> None:
        seen = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                raise YamlRuleError(f"line {line}: a key must be text or a number, but is a {key.id}")
            value = self.construct_object(key)
            if value in seen:
                raise YamlRuleError(f"line {line}: the key {key.value[:60]!r} stands there twice")
            seen.add(value)


def _check_event(event: Any, line: int) -> None:  # noqa: ANN401 - PyYAML has no types
    if event.anchor is not None:
        raise YamlRuleError(f"line {line}: anchors (&{event.anchor[:60]}) are not read: quote what begins with &")
    tag = getattr(event, "tag", None)
    if tag not in {None, "!"} and str(tag).startswith(_STANDARD):
        raise YamlRuleError(f"line {line}: tags (!!{tag.removeprefix(_STANDARD)[:60]}) are not read")


def _check_scalar(node: ScalarNode) -> None:
    """Before it becomes a value."""
    kind, text = node.tag.removeprefix(_STANDARD), node.value
    if kind in _REFUSED:
        raise ValueError(f"{text[:60]} would be {_REFUSED[kind]}: put it in quotes")
    if kind in {"int", "float"} and ":" in text:
        raise ValueError(f"{text[:60]} would be a number in sixties: put it in quotes")
    # Python takes long for millions of digits, or refuses them in words of its own.
    if kind == "int" and (len(text) > 99 or not -_INT64 <= _whole(text) < _INT64):
        raise ValueError(f"the whole number {text[:60]} has more than 64 bits")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the text {text[:60]!r} holds half a character") from error


def _whole(text: str) -> int:
    """As YAML 1.1 reads it: 0x and 0b begin other bases, and so does a zero."""
    digits = text.replace("_", "").lower()
    base = 2 if "0b" in digits else 16 if "0x" in digits else 8 if re.match(r"[-+]?0\d", digits) else 10
    try:
        return int(digits, base)
    except ValueError:
        raise ValueError(f"{text[:60]} looks like a number, but is none: put it in quotes") from None
