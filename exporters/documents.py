"""Reads the configuration of an artefact, which anyone may have written."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from ..framework.errors import ExportError
from ..framework.files.strict_json import parse_json


def _is_mapping_of_text(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(item, str) for item in (*value, *value.values()))


_RULES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = MappingProxyType(
    {
        "schema": ("an object", lambda value: isinstance(value, Mapping)),
        "opset": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
        "recipe": ("a string or null", lambda value: isinstance(value, str | None)),
        "versions": ("an object of strings", _is_mapping_of_text),
        "metadata": ("an object", lambda value: isinstance(value, Mapping)),
        "lengths": (
            "a list of strings",
            lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
        ),
        "files": ("an object of strings", _is_mapping_of_text),
    }
)


def parse_document(text: str, name: str) -> dict[str, Any]:
    """Read JSON that must be an object.

    Args:
        text: JSON.
        name: what errors call it.

    Raises:
        ExportError: if it is none, or not as strict as `parse_json` wants it.

    Example:
        >>> parse_document('{"format": 1}', "config.json")
        {'format': 1}
    """
    try:
        document = parse_json(text)
    except ValueError as error:
        raise ExportError(f"{name} is damaged: {error}.") from error
    if not isinstance(document, dict):
        raise ExportError(f"{name} is no JSON object.")
    return document


def check_fields(document: Mapping[str, Any]) -> None:
    """Check that a configuration's fields are of the kinds that `ArtefactConfig.to_document` writes.

    Raises:
        ExportError: naming the field.
        KeyError: if one is missing.
    """
    for key, (rule, holds) in _RULES.items():
        if not holds(document[key]):
            raise ExportError(f"its {key} must be {rule}, but got {document[key]!r:.60}.")
