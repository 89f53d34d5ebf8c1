"""Maps one after another."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...files.shown_value import shown
from ..preprocessing import Preprocessing
from .base import MAX_NAME, InputMap, read_map

MAX_PARTS: Final = 16


def _to_parts(maps: Iterable[InputMap]) -> tuple[InputMap, ...]:
    return tuple(part for found in maps for part in steps_of(found))


@attrs.frozen
class Composition(InputMap):
    """Several maps, the first of them first.

    Args:
        name: What it does, in words.
        maps: Two or more. Compositions among them are taken apart.

    Raises:
        ValueError: if there are fewer or too many.
    """

    kind: ClassVar[str] = "composition"

    maps: tuple[InputMap, ...] = attrs.field(converter=_to_parts)

    def __attrs_post_init__(self) -> None:
        if not 2 <= len(self.maps) <= MAX_PARTS:
            raise ValueError(f"a composition must be of 2 to {MAX_PARTS} maps, but is of {len(self.maps)}.")

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """The composition whose fields are JSON values."""
        parts = fields.get("maps")
        if set(fields) != {"name", "maps"} or not isinstance(parts, list) or len(parts) > MAX_PARTS:
            raise ValueError(f"a composition has a name and up to {MAX_PARTS} maps, but got {shown(fields)}.")
        if any(isinstance(part, Mapping) and part.get("kind") == cls.kind for part in parts):
            raise ValueError("a composition must not hold another.")
        return cls(fields["name"], [read_map(part) for part in parts])

    def to_config(self) -> dict[str, object]:
        """The map as JSON values, with the field `kind`."""
        return {"kind": self.kind, "name": self.name, "maps": [part.to_config() for part in self.maps]}

    def __call__(self, values: NDArray[Any], lengths: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Map a batch by each in turn."""
        for part in self.maps:
            values = part(values, lengths)
        return values

    def check_fit(self, preprocessing: Preprocessing) -> None:
        """Raise ValueError unless each fits."""
        for part in self.maps:
            part.check_fit(preprocessing)


KIND = Composition


def steps_of(found: InputMap) -> Iterator[InputMap]:
    """The single maps that a map is made of."""
    yield from found.maps if isinstance(found, Composition) else (found,)


def compose(first: InputMap | None, second: InputMap | None) -> InputMap | None:
    """One map that does what two do in turn; None changes nothing.

    Example:
        >>> from acclimate.framework.data.input_maps import Flip
        >>> both = compose(Flip("mirrored", axis=2), Flip("turned upside down", axis=1))
        >>> both.name
        'mirrored, then turned upside down'
    """
    if first is None or second is None:
        return first or second
    name = f"{first.name}, then {second.name}"
    return Composition(name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 3]}...", (first, second))
