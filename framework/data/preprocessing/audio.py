"""Sound as a waveform; the front end that turns it into a spectrogram is the encoder's, and travels in the graph."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import OPTIONAL, Preprocessing, check_flag, check_positive, check_rate, to_finite

CHANNELS: Final = ("mix", "one")
"""What becomes of several channels: they are averaged, or refused."""


def _check_channels(_: object, field: "attrs.Attribute[str]", value: object) -> None:
    if value not in CHANNELS:
        raise ValueError(f"{field.name} must be one of {', '.join(CHANNELS)}, but got {value!r}.")


@attrs.frozen
class AudioPreprocessing(Preprocessing):
    """A recording `(T,)` or `(T, channels)` to a waveform `(samples,)`.

    Channels are averaged; what is longer loses its end, what is shorter is filled with silence at its end.

    Args:
        sampling_rate: in Hz.
        samples: number of values that are kept.
        channels: `mix` averages them; `one` refuses a file that has several.
        resample: whether a file of another sampling rate is brought to this one (see `resampling`), or refused.

    Example:
        >>> preprocessing = AudioPreprocessing(sampling_rate=8000, samples=3)
        >>> preprocessing(Decoded("audio", np.array([[0.5, 0.0], [1.0, 0.5]]), 8000)).tolist()
        [0.25, 0.75, 0.0]
    """

    kind: ClassVar[str] = "audio"
    time_axis: ClassVar[int | None] = 0

    sampling_rate: int = attrs.field(validator=check_positive)
    samples: int = attrs.field(validator=check_positive)
    channels: str = attrs.field(default="mix", validator=_check_channels, metadata=OPTIONAL)
    resample: bool = attrs.field(default=False, validator=check_flag, metadata=OPTIONAL)

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer the sampling rate and the number of samples (see `fit_length`).

        The sampling rate must be one or, where sound is to be resampled, is the one that most files have.
        """
        from .lengths import fit_length
        from .resampling import resampled_length

        known = dict(overrides or {})
        found: list[tuple[int, int | None]] = []
        sampling_rate = known.get("sampling_rate")
        for decoded in samples:
            if sampling_rate is None and not known.get("resample"):
                sampling_rate = decoded.sampling_rate
            if sampling_rate is None and decoded.sampling_rate is None:
                raise DataError(
                    f"{decoded.name}: expected a file that says its sampling rate, or an override, but found none."
                )
            if not known.get("resample"):
                check_rate(decoded, sampling_rate)
            found.append((len(to_waveform(decoded, known.get("channels"))), decoded.sampling_rate))
        rates = Counter(rate for _, rate in found if rate is not None)
        usual = max(rates, key=lambda rate: (rates[rate], -rate)) if sampling_rate is None else sampling_rate
        fitted = cls._make({"sampling_rate": usual, "samples": 1}, overrides)
        lengths = [
            resampled_length(length, rate or fitted.sampling_rate, fitted.sampling_rate) for length, rate in found
        ]
        return cls._make({"sampling_rate": usual, "samples": fit_length(lengths)}, overrides)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(samples,)`."""
        return (self.samples,)

    def encoder_arguments(self) -> dict[str, object]:
        """`sampling_rate` and `samples`."""
        return {"sampling_rate": self.sampling_rate, "samples": self.samples}

    def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
        waveform = to_waveform(decoded, self.channels)
        if self.resample and decoded.sampling_rate not in {None, self.sampling_rate}:
            # Late: few artefacts resample, and a session imports little.
            from .resampling import resample

            waveform = resample(waveform, int(decoded.sampling_rate or 0), self.sampling_rate, decoded.name)
        else:
            check_rate(decoded, self.sampling_rate)
        return waveform[: self.samples]


def to_waveform(decoded: Decoded, channels: object = "mix") -> NDArray[np.float32]:
    """The waveform `(T,)` of a recording of one or more channels.

    Args:
        decoded: the recording.
        channels: see `AudioPreprocessing`.

    Raises:
        DataError: if it is no recording, holds NaN or infinite values, or has several channels and may not.
    """
    waveform = to_finite(decoded.array(), decoded.name)
    if waveform.ndim not in {1, 2}:
        raise DataError(f"{decoded.name}: expected a recording (time, channels), but found the shape {waveform.shape}.")
    if channels == "one" and waveform.ndim == 2 and waveform.shape[1] > 1:
        raise DataError(
            f"{decoded.name}: expected sound of one channel, as channels is 'one', but found {waveform.shape[1]}."
        )
    return waveform if waveform.ndim == 1 else waveform.mean(axis=1, dtype=np.float32)
