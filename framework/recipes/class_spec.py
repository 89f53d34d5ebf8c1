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
