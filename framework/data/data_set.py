"""What is known of a data set that has a name."""

from collections.abc import Callable
from typing import TypeAlias

import attrs

from .table import Table

DomainPair: TypeAlias = tuple[str, str]
"""Source and target."""


@attrs.frozen
class BuiltIn:
    """A data set, and the shifts that are looked at.

    Args:
        read: makes the table, by seed.
        source: default domain with labels; several as `A+B`.
        target: default domain to adapt to.
        shifts: all that the papers report, in their order; the default alone where not given.
    """

    read: Callable[[int], Table]
    source: str
    target: str
    shifts: tuple[DomainPair, ...] = attrs.field(
        default=attrs.Factory(lambda self: ((self.source, self.target),), takes_self=True), kw_only=True
    )
