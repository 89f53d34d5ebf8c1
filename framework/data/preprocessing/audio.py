"""Sound as a waveform; the front end that turns it into a spectrogram is the encoder's, and travels in the graph."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import Preprocessing, check_positive, check_rate, to_finite


@attrs.frozen
class AudioPreprocessing(Preprocessing):
    """A recording `(T,)` or `(T, channels)` to a waveform `(samples,)`.

    Channels are averaged; what is longer loses its end, what is shorter is filled with silence at its end. Nothing is
    resampled.

    Args:
        sampling_rate: in Hz.
        samples: number of values that are kept.

    Example:
        >>> preprocessing = AudioPreprocessing(sampling_rate=8000, samples=3)
        >>> preprocessing(Decoded("audio", np.array([[0.5, 0.0], [1.0, 0.5]]), 8000)).tolist()
        [0.25, 0.75, 0.0]
    """

    kind: ClassVar[str] = "audio"
    time_axis: ClassVar[int | None] = 0

    sampling_rate: int = attrs.field(validator=check_positive)
    samples: int = attrs.field(validator=check_positive)

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer the sampling rate, which must be one, and the number of samples (see `fit_length`)."""
        from .lengths import fit_length

        lengths: list[int] = []
        sampling_rate = (overrides or {}).get("sampling_rate")
        for decoded in samples:
            if sampling_rate is None:
                sampling_rate = decoded.sampling_rate
            if sampling_rate is None:
                raise DataError(
                    f"{decoded.name}: expected a file that says its sampling rate, or an override, but found none."
                )
            check_rate(decoded, sampling_rate)
            lengths.append(len(_to_waveform(decoded)))
        return cls._make({"sampling_rate": sampling_rate, "samples": fit_length(lengths)}, overrides)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(samples,)`."""
        return (self.samples,)

    def encoder_arguments(self) -> dict[str, object]:
        """`sampling_rate` and `samples`."""
        return {"sampling_rate": self.sampling_rate, "samples": self.samples}

    def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
        check_rate(decoded, self.sampling_rate)
        return _to_waveform(decoded)[: self.samples]


def _to_waveform(decoded: Decoded) -> NDArray[np.float32]:
    waveform = to_finite(decoded.array(), decoded.name)
    if waveform.ndim > 2:
        raise DataError(f"{decoded.name}: expected a recording (time, channels), but found the shape {waveform.shape}.")
    return waveform if waveform.ndim == 1 else waveform.mean(axis=1, dtype=np.float32)
