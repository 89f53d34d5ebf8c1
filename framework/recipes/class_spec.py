"""A class that a recipe names by import path."""

from typing import Any

import attrs


@attrs.frozen
class ClassSpec:
    """A class to make an object of.

    Args:
        class_path: its import path, `package.module.Class`.
        init_args: arguments of its constructor.
    """

    class_path: str
    init_args: dict[str, Any] = attrs.field(factory=dict)


def is_import_path(text: str) -> bool:
    """Whether a text has the form of an import path, or is the name of a class alone.

    Example:
        >>> is_import_path("package.module.Class"), is_import_path("Class"), is_import_path("..Class")
        (True, True, False)
    """
    return all(part.isidentifier() for part in text.split("."))
