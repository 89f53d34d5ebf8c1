"""What every map of a modality's prepared input is."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.shown_value import shown
from ..preprocessing import Preprocessing

MAX_NAME: Final = 200
"""Letters of a map's name."""

_MODULES: Final = MappingProxyType(
    {"affine": "affine", "composition": "composition", "filter": "filtering", "flip": "flip"}
)
"""The module of each kind, which is imported when its kind is first asked for."""


def check_name(_: object, field: "attrs.Attribute[str]", value: object) -> None:
    """Attrs validator: words on one line."""
    if not isinstance(value, str) or not value or not value.isprintable() or len(value) > MAX_NAME:
        raise ValueError(f"{field.name} must be 1 to {MAX_NAME} printable letters, but got {shown(value)}.")


def check_axis(_: object, field: "attrs.Attribute[int]", value: object) -> None:
    """Attrs validator: an axis of a sample's array, or None."""
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 3):
        raise ValueError(f"{field.name} must be an axis of a sample's array, from 0, but got {shown(value)}.")


@attrs.frozen
class InputMap(ABC):
    """Changes a batch of one modality's prepared input, row by row, and keeps its shape and type.

    It acts on what the preprocessing made, after standardisation, so that it can stand in the exported graph. A
    subclass is an attrs class whose fields are JSON values or tuples of numbers, and sets `kind`.

    Args:
        name: What it does, in words.
    """

    kind: ClassVar[str]
    """What a configuration calls it."""

    name: str = attrs.field(validator=check_name)

    @abstractmethod
    def __call__(self, values: NDArray[Any], lengths: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """Map a batch.

        Args:
            values: `(B, ...)`, float32. NaN in a row stays in that row.
            lengths: `(B,)`, how many steps of each row are its own, where the encoder behind is told so.
        """

    @abstractmethod
    def check_fit(self, preprocessing: Preprocessing) -> None:
        """Raise ValueError if what this preprocessing makes cannot be mapped."""

    def to_config(self) -> dict[str, object]:
        """The map as JSON values, with the field `kind`."""
        fields: dict[str, object] = json.loads(json.dumps(attrs.asdict(self)))
        return {"kind": self.kind, **fields}

    @staticmethod
    def from_config(config: object, preprocessing: Preprocessing) -> "InputMap":
        """Read what `to_config` wrote.

        Args:
            config: JSON values.
            preprocessing: of the modality.

        Raises:
            DataError: if the kind is not known, a field is wrong, or the modality's arrays cannot be mapped so.
        """
        try:
            found = read_map(config)
            found.check_fit(preprocessing)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(f"an input map cannot be read: {error}") from error
        return found


def read_map(config: object) -> InputMap:
    """A map of its configuration, not yet held against a modality; raises ValueError or TypeError."""
    if not isinstance(config, Mapping) or config.get("kind") not in _MODULES:
        known = ", ".join(_MODULES)
        raise ValueError(f"it must be an object whose kind is one of {known}, but got {shown(config)}.")
    fields: dict[str, Any] = dict(config)
    kind = fields.pop("kind")
    module = import_module(f".{_MODULES[kind]}", __package__)
    made: InputMap = module.KIND.from_fields(fields) if hasattr(module.KIND, "from_fields") else module.KIND(**fields)
    return made


def check_measured(preprocessing: Preprocessing) -> None:
    """Raise ValueError for what is no measured number, such as indices of words."""
    if preprocessing.indices is not None or preprocessing.dtype is not np.float32:
        raise ValueError(f"{preprocessing.kind} has indices, and no numbers that could be mapped.")
