"""attrs objects -> plain data, as a run folder and a grid's cells keep them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

NEWER: Final[Mapping[str, bool]] = MappingProxyType({"newer": True})
"""Metadata of a field that runs and grids may have been started without: plain data leave it out at its default.

What was started before there was the field is then gone on with.
"""


def to_plain(value: attrs.AttrsInstance) -> dict[str, Any]:
    """Every field with its value, defaults too, but those of `NEWER` fields.

    Example:
        >>> from acclimate.framework.recipes.recipe import Stage
        >>> to_plain(Stage("only", epochs=2))
        {'name': 'only', 'epochs': 2, 'rounds': 1, 'source': True, 'target': True, \
'updates': ({'terms': ('*',), 'parameters': ('*',)},)}
    """
    return attrs.asdict(value, filter=_is_kept)


def _is_kept(field: "attrs.Attribute[Any]", value: object) -> bool:
    factory = getattr(field.default, "factory", None)
    default = field.default if factory is None else factory()
    return not (field.metadata.get("newer") and value == default)
