"""Layouts that a part may refuse to be bound to, by names of `make_edges`."""

from collections.abc import Set as AbstractSet
from typing import Final

from ..layout import Layout

COUNTS: Final = ("one modality", "two modalities", "three modalities", "four modalities")

LAYOUTS: Final = (*COUNTS, "two tasks", "regression")
"""Edges whose layouts differ."""


def usual_modalities(refuses: AbstractSet[str]) -> int:
    """How many modalities a part is tried on where the number does not matter: three, or two where it refuses three.

    Example:
        >>> usual_modalities({"three modalities", "four modalities"})
        2
    """
    return 2 if COUNTS[2] in refuses else 3


def takes(layout: Layout, refuses: AbstractSet[str]) -> bool:
    """Whether a part that refuses some layouts must work with this one."""
    traits = {
        COUNTS[len(layout.modalities) - 1]: True,
        "two tasks": len(layout.tasks) > 1,
        "regression": any(task.is_regression for task in layout.tasks),
    }
    return not any(holds and name in refuses for name, holds in traits.items())
