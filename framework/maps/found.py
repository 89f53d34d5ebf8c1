"""What a search of maps found."""

from collections.abc import Mapping
from typing import Any, Self

import attrs

from ..data.input_maps import InputMap, compose
from ..data.schema import Schema
from ..evaluation.intervals import Interval


@attrs.frozen(eq=False)
class MapStep:
    """What was found for one group.

    Args:
        group: Its modalities.
        name: Of the map that was taken, in words.
        best: Of the map that scored highest; another than `name` where the gain was not sure.
        tried: Number of maps, the identity among them.
        gain: Of information over the identity, by the best map, the other groups being as they were found.
        interval: In which that gain lies, by a bootstrap of rows, or of their groups where the table has some.
    """

    group: str
    name: str
    best: str
    tried: int
    gain: float
    interval: Interval

    def describe(self) -> str:
        """One line."""
        sure = f"information {self.gain:+.3f} ({self.interval.low:+.3f} to {self.interval.high:+.3f})"
        if self.best != self.name:
            return (
                f"{self.group}: {self.name}; the best of {self.tried} maps, {self.best}, is not surely better: {sure}"
            )
        if not self.gain:
            return f"{self.group}: {self.name}, which is best of {self.tried} maps"
        return f"{self.group}: {self.name}, best of {self.tried} maps: {sure}"


@attrs.frozen(eq=False)
class FoundMaps:
    """The maps that a search found, and what speaks for them.

    Args:
        maps: By modality; those that stay as they are do not stand here.
        steps: What was found for each group.
        before: Scores of the identity, by name: `information_maximisation` and `modality_agreement`, each the mean over
            classification tasks.
        after: Scores with the maps.
        rows: Of the target, that were looked at.

    Example:
        >>> FoundMaps({}, (), {}, {}, rows=0).is_identity
        True
    """

    maps: Mapping[str, InputMap]
    steps: tuple[MapStep, ...]
    before: Mapping[str, float]
    after: Mapping[str, float]
    rows: int

    @property
    def is_identity(self) -> bool:
        """Whether nothing is changed."""
        return not self.maps

    def added_to(self, schema: Schema) -> Schema:
        """The schema with these maps, before those that it may have already."""
        names = {**self.maps, **schema.maps}
        joined = {name: compose(self.maps.get(name), schema.maps.get(name)) for name in names}
        return attrs.evolve(schema, maps={name: found for name, found in joined.items() if found is not None})

    def describe(self) -> list[str]:
        """What was found, a line for each group."""
        return [step.describe() for step in self.steps]

    @classmethod
    def from_json(cls, config: Mapping[str, Any], schema: Schema) -> Self:
        """Read what `to_json` wrote.

        Args:
            config: JSON values.
            schema: Of the data.

        Raises:
            DataError: if a map is none, or does not fit.
            KeyError: if something is missing.
        """
        steps = (MapStep(**{**step, "interval": Interval(**step["interval"])}) for step in config["steps"])
        maps = {name: InputMap.from_config(one, schema.preprocessing[name]) for name, one in config["maps"].items()}
        return cls(maps, tuple(steps), config["before"], config["after"], config["rows"])

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "maps": {name: found.to_config() for name, found in self.maps.items()},
            "steps": [attrs.asdict(step) for step in self.steps],
            "before": dict(self.before),
            "after": dict(self.after),
            "rows": self.rows,
        }
