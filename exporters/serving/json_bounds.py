"""How much JSON a request of an artefact can hold at most: what has more is no request, and is not parsed."""

from itertools import accumulate
from math import prod
from operator import mul
from typing import Final

import attrs

from ..artefact import ArtefactConfig
from .limits import Limits

_SPARE: Final = 256
"""Names, parameters and outputs of a request, beside its rows."""


@attrs.frozen
class JsonBounds:
    """What the JSON of a request may hold at most.

    Args:
        values: numbers, strings, lists and objects.
        strings: among them; keys too.
        containers: lists and objects among them.
    """

    values: int
    strings: int
    containers: int


def json_bounds(config: ArtefactConfig, limits: Limits) -> JsonBounds:
    """The bounds of an artefact's requests, in either protocol: so many rows with all their modalities.

    Args:
        config: of the artefact, which knows the shapes.
        limits: of the request.
    """
    shapes = [preprocessing.shape for preprocessing in config.schema.preprocessing.values()]
    numbers = sum(prod(shape) for shape in shapes) + 2 * len(shapes)
    # A list for each number of all dimensions but the last; a row is an object, or a list, and so is a file.
    lists = 1 + sum(2 + sum(accumulate(shape[:-1], mul)) for shape in shapes) + 2 * len(shapes)
    # In the first protocol a file has three: `"audio": {"b64": "..."}`.
    strings = limits.rows * 3 * len(shapes) + _SPARE
    containers = limits.rows * lists + _SPARE
    return JsonBounds(limits.rows * numbers + strings + containers, strings, containers)
