"""What spoils a sample on purpose."""

import math
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final, Literal, TypeAlias

import attrs
import numpy as np
from numpy.typing import NDArray

from ..decoding import Decoded
from ..preprocessing import Preprocessing

Stage: TypeAlias = Literal["table", "decoded", "preprocessed"]
"""What a corruption acts on: the table's cells, the decoded file, or the array that the encoder takes."""

NUMBERS: Final[frozenset[str]] = frozenset()
"""Stands for all kinds of preprocessing but text: their arrays are numbers that can be added to."""

SEVERITIES: Final = range(1, 6)


def check_seed(_: object, field: "attrs.Attribute[int]", value: object) -> None:
    """Attrs validator: a whole number that is not negative."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{field.name} must be a whole number and not negative, but got {value!r}.")


def to_float(value: Any) -> Any:  # noqa: ANN401
    """Attrs converter: whole numbers become floats, what is no number stays for a validator to refuse."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def check_finite(_: object, field: "attrs.Attribute[float]", value: object) -> None:
    """Attrs validator: a finite number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{field.name} must be a finite number, but got {value!r}.")


def check_not_negative(instance: object, field: "attrs.Attribute[float]", value: Any) -> None:  # noqa: ANN401
    """Attrs validator: a finite number that is not negative."""
    check_finite(instance, field, value)
    if value < 0:
        raise ValueError(f"{field.name} must not be negative, but got {value!r}.")


def check_share(instance: object, field: "attrs.Attribute[float]", value: Any) -> None:  # noqa: ANN401
    """Attrs validator: a number between 0 and 1."""
    check_finite(instance, field, value)
    if not 0 <= value <= 1:
        raise ValueError(f"{field.name} must be between 0 and 1, but got {value!r}.")


@attrs.frozen
class Corruption(ABC):
    """Spoils one modality of one sample, always in the same way: what is random is drawn anew from seed and row.

    A subclass is an attrs class whose fields are numbers or booleans, and sets the class variables.

    Args:
        seed: of what is random, together with the row's id, the modality and the corruption's name.
    """

    name: ClassVar[str]
    """What a cell calls it."""

    stage: ClassVar[Stage]
    """What it acts on."""

    kinds: ClassVar[frozenset[str]]
    """Kinds of preprocessing that it fits, or `NUMBERS`."""

    severity_argument: ClassVar[str]
    """The argument that a severity stands for; `share` is the share of the rows that are corrupted at all."""

    severities: ClassVar[tuple[float, float, float, float, float]]
    """Values of that argument at severity 1 to 5."""

    seed: int = attrs.field(default=0, kw_only=True, validator=check_seed)

    @classmethod
    def fits(cls, kind: str) -> bool:
        """Whether it can act on a kind of preprocessing. What acts on the table can act on all."""
        return cls.stage == "table" or (kind in cls.kinds if cls.kinds else kind != "text")

    @classmethod
    def fitting(cls) -> str:
        """What it fits, in words."""
        return ", ".join(sorted(cls.kinds)) or "numbers"

    def __str__(self) -> str:
        """As a cell has it, such as `gaussian_noise(std=0.3, seed=0)`."""
        values = attrs.asdict(self)
        values["seed"] = values.pop("seed")
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in values.items())})"


@attrs.frozen
class DecodedCorruption(Corruption):
    """Acts on what a file holds, before preprocessing."""

    stage: ClassVar[Stage] = "decoded"

    @abstractmethod
    def corrupt(self, decoded: Decoded, generator: np.random.Generator) -> Decoded:
        """The same file, spoilt; its kind, shape and type stay.

        Raises:
            DataError: if the file holds something that this corruption cannot act on.
        """


@attrs.frozen
class PreprocessedCorruption(Corruption):
    """Acts on the array that the encoder takes, after normalisation."""

    stage: ClassVar[Stage] = "preprocessed"

    @abstractmethod
    def corrupt(
        self, values: NDArray[Any], preprocessing: Preprocessing, generator: np.random.Generator
    ) -> NDArray[Any]:
        """The same array, spoilt; its shape and type stay.

        Args:
            values: of one sample, without padding; not to be changed.
            preprocessing: that made it.
            generator: where all random numbers come from.
        """
