"""Signals of one or more channels, as sensors give them."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import Preprocessing, as_vector, check_positive, check_rate, check_std, to_finite, to_numbers


@attrs.frozen
class SignalPreprocessing(Preprocessing):
    """A signal `(T, channels)` or `(T,)` to `(channels, length)`.

    Each channel is normalised; what is longer loses its end, what is shorter is filled with zeros, the training mean,
    at its end.

    Args:
        length: number of values per channel that are kept.
        mean: by channel.
        std: by channel.
        sampling_rate: in Hz, where the files say it; None for arrays.

    Example:
        >>> preprocessing = SignalPreprocessing(length=3, mean=[1.0], std=[2.0])
        >>> preprocessing(Decoded("array", np.array([[1.0], [5.0]]))).tolist()
        [[0.0, 2.0, 0.0]]
    """

    kind: ClassVar[str] = "signal"
    time_axis: ClassVar[int | None] = 1
    prepares_rows: ClassVar[bool] = True

    length: int = attrs.field(validator=check_positive)
    mean: tuple[float, ...] = attrs.field(converter=to_numbers)
    std: tuple[float, ...] = attrs.field(converter=to_numbers, validator=check_std)
    sampling_rate: int | None = attrs.field(default=None, validator=attrs.validators.optional(check_positive))

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer channels, their mean and standard deviation, the sampling rate and the length (see `fit_length`)."""
        from .lengths import fit_length
        from .moments import Moments

        moments = Moments()
        lengths: list[int] = []
        channels = sampling_rate = None
        for decoded in samples:
            signal = _to_signal(decoded)
            if channels is None:
                channels, sampling_rate = signal.shape[1], decoded.sampling_rate
            _check_channels(decoded, signal, channels)
            check_rate(decoded, sampling_rate)
            moments.add(signal)
            lengths.append(len(signal))
        fitted = {"length": fit_length(lengths), "mean": moments.mean, "std": moments.std}
        return cls._make({**fitted, "sampling_rate": sampling_rate}, overrides)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(channels, length)`."""
        return len(self.mean), self.length

    def encoder_arguments(self) -> dict[str, object]:
        """`in_channels` and `length`."""
        return {"in_channels": len(self.mean), "length": self.length}

    def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
        signal = _to_signal(decoded)
        _check_channels(decoded, signal, len(self.mean))
        check_rate(decoded, self.sampling_rate)
        normalised: NDArray[np.float32] = (signal[: self.length] - as_vector(self.mean)) / as_vector(self.std)
        return normalised.T

    def _prepare_rows(self, rows: NDArray[np.float32]) -> NDArray[np.float32] | None:
        signals = rows[..., np.newaxis] if rows.ndim == 2 else rows
        if signals.ndim != 3 or signals.shape[2] != len(self.mean):
            return None
        normalised: NDArray[np.float32] = (signals[:, : self.length] - as_vector(self.mean)) / as_vector(self.std)
        return normalised.transpose(0, 2, 1)


def _to_signal(decoded: Decoded) -> NDArray[np.float32]:
    signal = to_finite(decoded.array(), decoded.name)
    if signal.ndim == 1:
        signal = signal[:, np.newaxis]
    if signal.ndim != 2:
        raise DataError(f"{decoded.name}: expected a signal (time, channels), but found the shape {signal.shape}.")
    return signal


def _check_channels(decoded: Decoded, signal: NDArray[np.float32], channels: int) -> None:
    if signal.shape[1] != channels:
        raise DataError(f"{decoded.name}: expected {channels} channels, but found {signal.shape[1]}.")
