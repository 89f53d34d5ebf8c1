"""Vectors of features that someone else computed."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import Preprocessing, as_vector, check_std, to_finite, to_numbers


@attrs.frozen
class FeaturesPreprocessing(Preprocessing):
    """A vector `(features,)`, normalised.

    Args:
        mean: by feature.
        std: by feature.

    Example:
        >>> preprocessing = FeaturesPreprocessing(mean=[1.0, 0.0], std=[1.0, 2.0])
        >>> preprocessing(Decoded("array", np.array([3.0, 4.0]))).tolist()
        [2.0, 2.0]
    """

    kind: ClassVar[str] = "features"
    prepares_rows: ClassVar[bool] = True

    mean: tuple[float, ...] = attrs.field(converter=to_numbers)
    std: tuple[float, ...] = attrs.field(converter=to_numbers, validator=check_std)

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer the number of features, their mean and standard deviation."""
        from .moments import Moments

        moments = Moments()
        size = None
        for decoded in samples:
            vector = _to_vector(decoded, size)
            moments.add(vector[np.newaxis])
            size = len(vector)
        return cls._make({"mean": moments.mean, "std": moments.std}, overrides)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(features,)`."""
        return (len(self.mean),)

    def encoder_arguments(self) -> dict[str, object]:
        """`in_features`."""
        return {"in_features": len(self.mean)}

    def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
        vector = _to_vector(decoded, len(self.mean))
        return (vector - as_vector(self.mean)) / as_vector(self.std)

    def _prepare_rows(self, rows: NDArray[np.float32]) -> NDArray[np.float32] | None:
        return (rows - as_vector(self.mean)) / as_vector(self.std) if rows.shape[1:] == self.shape else None


def _to_vector(decoded: Decoded, size: int | None) -> NDArray[np.float32]:
    vector = to_finite(decoded.array(), decoded.name)
    if vector.ndim != 1 or len(vector) != (size or len(vector)):
        wanted = f"of length {size}" if size else "(features,)"
        raise DataError(f"{decoded.name}: expected a vector {wanted}, but found the shape {vector.shape}.")
    return vector
