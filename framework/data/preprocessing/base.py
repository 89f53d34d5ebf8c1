"""What turns a decoded file into the array that an encoder takes."""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, ClassVar, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded

MAX_VALUES: Final = 2**26
"""Of one sample of one modality that was stored in a configuration: 25 minutes of sound at 44.1 kHz."""

MAX_RATE: Final = 2**24
"""In Hz, of what was stored in a configuration; encoders make tables of a length that grows with it."""

OPTIONAL: Final[Mapping[Any, Any]] = MappingProxyType({"optional": True})
"""Metadata of a field that is a setting: a configuration leaves it out where it has its default."""

_OWN_KINDS: Final = ("audio", "depth", "features", "image", "sequence", "signal", "text")
"""Each is a module of this package, which is imported when its kind is first asked for."""


@attrs.frozen(eq=False)
class Prepared:
    """One sample of one modality.

    Args:
        values: array of the preprocessing's `shape`.
        length: how many steps along `time_axis` are the sample's own, at least 1; None where there is no such axis.
    """

    values: NDArray[Any]
    length: int | None = None


@attrs.frozen
class Preprocessing(ABC):
    """Turns a decoded file into an array of exactly `shape`.

    A subclass is an attrs class whose fields are JSON values or tuples of numbers, and sets `kind`.
    """

    kind: ClassVar[str]
    """What a configuration calls it."""

    time_axis: ClassVar[int | None] = None
    """Axis of a sample's array along which samples differ in length; what is shorter than `shape` is padded there."""

    dtype: ClassVar[type[np.generic]] = np.float32
    """Of the array: float32, or int64 for the indices of tokens."""

    fits_all_rows: ClassVar[bool] = False
    """Whether `fit` is to see all of the source's training rows, and not a sample of them."""

    prepares_rows: ClassVar[bool] = False
    """Whether `prepare_rows` knows how to prepare several samples at once."""

    _kinds: ClassVar[dict[str, type["Preprocessing"]]] = {}

    def __init_subclass__(cls) -> None:
        """Make the subclass known to `from_config`."""
        Preprocessing._kinds[cls.kind] = cls

    @classmethod
    @abstractmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer sizes and statistics from the source's training rows.

        Args:
            samples: seen once, one after the other.
            overrides: fields that are known already.

        Raises:
            DataError: if the samples do not fit together, or an override is not a field.
        """

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of one sample."""

    @abstractmethod
    def encoder_arguments(self) -> dict[str, object]:
        """Arguments for an encoder's constructor that only the data tell."""

    @abstractmethod
    def _prepare(self, decoded: Decoded) -> NDArray[Any]:
        """The array of one sample: of `shape`, or shorter along `time_axis`."""

    def _prepare_rows(self, rows: NDArray[np.float32]) -> NDArray[Any] | None:
        """As `_prepare`, of several samples `(B, ...)` of one shape; None if it is not the shape that was fitted."""
        return None

    @property
    def indices(self) -> int | None:
        """One more than the largest value, where values are indices such as the numbers of tokens; None elsewhere."""
        return None

    @property
    def settings(self) -> dict[str, object]:
        """The fields that are settings, where they have another value than their default."""
        found = {field.name: field for field in attrs.fields(type(self)) if "optional" in field.metadata}
        return {name: value for name, field in found.items() if (value := getattr(self, name)) != field.default}

    @property
    def padding(self) -> int:
        """What is put behind the end of a sample that is shorter than `shape`."""
        return 0

    def prepare(self, decoded: Decoded) -> Prepared:
        """Turn a decoded file into an array of `shape`, and say how much of it is the sample's own.

        Raises:
            DataError: if it holds NaN or infinite values, or is of another kind, size or rate than was fitted.
        """
        own = np.ascontiguousarray(self._prepare(decoded), dtype=self.dtype)
        length = None if self.time_axis is None else own.shape[self.time_axis]
        if length is None or own.shape == self.shape:
            return Prepared(_without_rest(own), length)
        values = np.full(self.shape, self.padding, dtype=self.dtype)
        values[tuple(slice(size) for size in own.shape)] = own
        return Prepared(values, length)

    def prepare_rows(self, rows: NDArray[Any]) -> Prepared | None:
        """What `prepare` makes of each of several samples that have one shape, at once: the same bits.

        Args:
            rows: `(B, ...)`, a sample each.

        Returns:
            Values `(B, *shape)` with the length that all samples have; None where they must be prepared one by one:
            not `prepares_rows`, or one of them is not as it should be, of which `prepare` says more.
        """
        if rows.size == 0 or rows.dtype.kind not in "biuf":
            return None
        with np.errstate(over="ignore"):
            numbers = rows.astype(np.float32, copy=False)
        own = self._prepare_rows(numbers) if np.isfinite(numbers).all() else None
        if own is None:
            return None
        length = None if self.time_axis is None else own.shape[1 + self.time_axis]
        if own.shape[1:] == self.shape:
            return Prepared(np.ascontiguousarray(own, dtype=self.dtype), length)
        values = np.full((len(own), *self.shape), self.padding, dtype=self.dtype)
        values[tuple(slice(size) for size in own.shape)] = own
        return Prepared(values, length)

    def __call__(self, decoded: Decoded) -> NDArray[Any]:
        """The array that `prepare` makes."""
        return self.prepare(decoded).values

    def random(self, generator: "np.random.Generator", rows: int) -> NDArray[Any]:
        """Arrays `(rows, *shape)` that look like prepared samples: where a graph is tried and no samples are given."""
        return generator.standard_normal((rows, *self.shape), dtype=np.float32)

    def to_config(self) -> dict[str, object]:
        """The configuration as JSON values, with the field `kind`."""
        fields: dict[str, object] = json.loads(json.dumps(attrs.asdict(self)))
        unset = {field.name for field in attrs.fields(type(self)) if "optional" in field.metadata} - set(self.settings)
        return {"kind": self.kind, **{name: value for name, value in fields.items() if name not in unset}}

    @staticmethod
    def from_config(config: object) -> "Preprocessing":
        """Read what `to_config` wrote.

        Raises:
            DataError: if the kind is not known or a field is wrong.
        """
        if not isinstance(config, Mapping):
            raise DataError(f"a preprocessing is an object with the field kind, but got {config!r:.60}.")
        fields = dict(config)
        known: Any = Preprocessing.of_kind(fields.pop("kind", None))
        try:
            result: Preprocessing = known(**fields)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(f"{known.kind} preprocessing: {error}") from error
        _check_size(result)
        return result

    @staticmethod
    def of_kind(kind: object) -> type["Preprocessing"]:
        """The class that a configuration calls `kind`.

        Raises:
            DataError: if there is none.
        """
        if kind in _OWN_KINDS:
            import_module(f".{kind}", __package__)
        found = Preprocessing._kinds.get(str(kind))
        if found is None:
            known = ", ".join(sorted({*_OWN_KINDS, *Preprocessing._kinds}))
            raise DataError(f"kind of preprocessing must be one of {known}, but got {kind!r}.")
        return found

    @classmethod
    def _make(cls, fitted: Mapping[str, object], overrides: Mapping[str, object] | None) -> Self:
        """An instance from fitted fields, where overrides take precedence."""
        known = [field.name for field in attrs.fields(cls)]
        unknown = sorted(set(overrides or {}) - set(known))
        if unknown:
            raise DataError(f"{cls.kind} preprocessing has the fields {', '.join(known)}, but got {unknown[0]!r}.")
        fields: dict[str, Any] = {**fitted, **(overrides or {})}
        try:
            made = cls(**fields)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(f"{cls.kind} preprocessing: {error}") from error
        _check_size(made)
        return made


def _check_size(preprocessing: Preprocessing) -> None:
    """Refuse what no file of a sample could fill, before memory is taken for it."""
    values, rate = math.prod(preprocessing.shape), getattr(preprocessing, "sampling_rate", None)
    if values > MAX_VALUES:
        raise DataError(f"{preprocessing.kind} preprocessing: a sample may have {MAX_VALUES} values, but has {values}.")
    if isinstance(rate, int | float) and rate > MAX_RATE:
        raise DataError(f"{preprocessing.kind} preprocessing: sampling_rate may be {MAX_RATE} Hz, but is {rate}.")


def _without_rest(values: NDArray[Any]) -> NDArray[Any]:
    """The same values; a copy, if they are a part of a larger array, which would be kept in memory with them."""
    # Of an array that shares the memory of a file's bytes, these.
    whole: Any = values if values.base is None else values.base
    return values if isinstance(whole, np.ndarray) and whole.nbytes == values.nbytes else values.copy()


def check_positive(_: object, field: "attrs.Attribute[int]", value: object) -> None:
    """Attrs validator: a whole number above 0."""
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{field.name} must be a positive whole number, but got {value!r}.")


def check_flag(_: object, field: "attrs.Attribute[bool]", value: object) -> None:
    """Attrs validator: true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{field.name} must be true or false, but got {value!r}.")  # noqa: TRY004 - as other validators


def check_std(instance: Any, field: "attrs.Attribute[tuple[float, ...]]", value: tuple[float, ...]) -> None:  # noqa: ANN401
    """Attrs validator: one positive number for each number of `mean`."""
    if not value or len(value) != len(instance.mean):
        raise ValueError(f"{field.name} must be as long as mean, {len(instance.mean)}, but got {len(value)} numbers.")
    wrong = [number for number in value if not number > 0]
    if wrong:
        raise ValueError(f"{field.name} must be positive, but got {wrong[0]}.")


def to_numbers(values: Iterable[float]) -> tuple[float, ...]:
    """Attrs converter: finite numbers."""
    numbers = tuple(float(value) for value in values)
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"numbers must be finite, but got {numbers}.")
    return numbers


def to_finite(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    """The array as float32; the same one if it is that already.

    Raises:
        DataError: if it is empty, or holds a NaN or infinite value.
    """
    if array.size == 0:
        raise DataError(f"{name}: expected at least one value, but found an array of shape {array.shape}.")
    with np.errstate(over="ignore"):
        values: NDArray[np.float32] = array.astype(np.float32, copy=False)
    if not np.isfinite(values).all():
        wrong = np.flatnonzero(~np.isfinite(values))
        first = values.reshape(-1)[wrong[0]]
        raise DataError(f"{name}: expected finite numbers, but found {first} ({len(wrong)} of {values.size} values).")
    return values


def check_rate(decoded: Decoded, sampling_rate: object) -> None:
    """Compare a file's sampling rate with the fitted one. An array has none of its own, and is taken to have that.

    Raises:
        DataError: if they differ.
    """
    if decoded.sampling_rate not in {sampling_rate, None}:
        wanted = (
            "an array, which has no sampling rate"
            if sampling_rate is None
            else f"a sampling rate of {sampling_rate} Hz"
        )
        raise DataError(f"{decoded.name}: expected {wanted}, but found {decoded.sampling_rate} Hz.")


def as_vector(numbers: tuple[float, ...]) -> NDArray[np.float32]:
    """Numbers as float32."""
    return np.array(numbers, dtype=np.float32)
