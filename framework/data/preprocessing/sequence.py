"""Features of frames that someone else computed: of a video, of speech, of words."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import Preprocessing, as_vector, check_positive, check_std, to_finite, to_numbers


@attrs.frozen
class SequencePreprocessing(Preprocessing):
    """Features of frames `(T, features)` to `(steps, features)`.

    Each feature is normalised; what is longer loses its end, what is shorter is filled with zeros, the training mean,
    at its end.

    Args:
        steps: number of frames that are kept.
        mean: by feature.
        std: by feature.

    Example:
        >>> preprocessing = SequencePreprocessing(steps=2, mean=[1.0, 0.0], std=[2.0, 1.0])
        >>> prepared = preprocessing.prepare(Decoded("array", np.array([[5.0, 3.0]])))
        >>> prepared.values.tolist(), prepared.length
        ([[2.0, 3.0], [0.0, 0.0]], 1)
    """

    kind: ClassVar[str] = "sequence"
    time_axis: ClassVar[int | None] = 0
    prepares_rows: ClassVar[bool] = True

    steps: int = attrs.field(validator=check_positive)
    mean: tuple[float, ...] = attrs.field(converter=to_numbers)
    std: tuple[float, ...] = attrs.field(converter=to_numbers, validator=check_std)

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer features, their mean and standard deviation over all frames, and the steps (see `fit_length`)."""
        from .lengths import fit_length
        from .moments import Moments

        moments = Moments()
        lengths: list[int] = []
        size = None
        for decoded in samples:
            frames = _to_frames(decoded, size)
            size = frames.shape[1]
            moments.add(frames)
            lengths.append(len(frames))
        return cls._make({"steps": fit_length(lengths), "mean": moments.mean, "std": moments.std}, overrides)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(steps, features)`."""
        return self.steps, len(self.mean)

    def encoder_arguments(self) -> dict[str, object]:
        """`in_features` and `steps`."""
        return {"in_features": len(self.mean), "steps": self.steps}

    def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
        frames = _to_frames(decoded, len(self.mean))
        normalised: NDArray[np.float32] = (frames[: self.steps] - as_vector(self.mean)) / as_vector(self.std)
        return normalised

    def _prepare_rows(self, rows: NDArray[np.float32]) -> NDArray[np.float32] | None:
        if rows.ndim != 3 or rows.shape[2] != len(self.mean):
            return None
        normalised: NDArray[np.float32] = (rows[:, : self.steps] - as_vector(self.mean)) / as_vector(self.std)
        return normalised


def _to_frames(decoded: Decoded, size: int | None) -> NDArray[np.float32]:
    frames = to_finite(decoded.array(), decoded.name)
    if frames.ndim != 2 or frames.shape[1] != (size or frames.shape[1]):
        wanted = f"(time, {size})" if size else "(time, features)"
        raise DataError(f"{decoded.name}: expected features of frames {wanted}, but found the shape {frames.shape}.")
    return frames
