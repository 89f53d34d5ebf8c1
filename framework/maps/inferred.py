"""Which groups of maps are worth searching for data of a schema, where the user names none."""

from typing import Any, Final

import attrs

from ..data.schema import Schema
from .devices import find_devices
from .group import MapGroup
from .pictures import Pictures
from .sounds import Sounds
from .statistics import Statistics

_KINDS: Final[dict[str, Any]] = {"audio": Sounds, "depth": Pictures, "features": Statistics, "image": Pictures}


@attrs.frozen
class InferredGroups:
    """Groups, and why these.

    Args:
        groups: To search.
        said: What was inferred, a line each.
    """

    groups: tuple[MapGroup, ...]
    said: tuple[str, ...]


def infer_groups(schema: Schema) -> InferredGroups:
    """Devices by the names of their signals, and for pictures, sound and features the maps of their kind.

    Signals that belong to no device, sequences and text are left as they are.

    Args:
        schema: Of the data.

    Example:
        >>> from acclimate.framework.data.preprocessing import AudioPreprocessing
        >>> found = infer_groups(Schema({"voice": AudioPreprocessing(sampling_rate=8000, samples=8000)}, ()))
        >>> found.said
        ("'voice': maps of audio",)
    """
    devices, said = find_devices(schema.preprocessing)
    groups: list[MapGroup] = [*devices]
    for name, preprocessing in schema.preprocessing.items():
        if preprocessing.kind in _KINDS:
            groups.append(_KINDS[preprocessing.kind](name))
            said.append(f"{name!r}: maps of {preprocessing.kind}")
    return InferredGroups(tuple(groups), tuple(said))
