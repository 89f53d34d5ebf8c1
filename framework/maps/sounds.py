"""How sound may differ from that of the source: gain, level, bandwidth, pre-emphasis, direction."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from ..data.input_maps import Affine, Filtering, Flip, InputMap
from ..errors import DataError
from .group import Candidate, MapGroup, Unlabelled
from .prepared import decibels

_GAINS: Final = (0.125, 0.25, 0.5, 2.0, 4.0, 8.0)
_BANDS: Final = (0.25, 0.5)
"""Shares of the bandwidth that are kept."""

_HALF: Final = 31
"""Taps of a low-pass filter before and behind its middle."""


class Sounds(MapGroup):
    """Louder or lower, brought to the source's level, with less bandwidth, with or without pre-emphasis, reversed.

    Args:
        modality: Of kind `audio`.

    Example:
        >>> Sounds("voice").name
        'voice'
    """

    def __init__(self, modality: str) -> None:
        super().__init__([modality])

    def candidates(self, seen: Unlabelled) -> Sequence[Candidate]:
        """All of them; the source's level only where rows of the source are at hand."""
        modality = self.modalities[0]
        kind = seen.preprocessing[modality].kind
        if kind != "audio":
            raise DataError(f"{modality}: maps of sound are for kind audio, but it is {kind}.")
        return [Candidate(found.name, {modality: found}) for found in self._maps(seen)]

    def _maps(self, seen: Unlabelled) -> Iterator[InputMap]:
        for gain in _GAINS:
            yield _gain(decibels(gain), gain)
        if seen.source is not None:
            levels = [_level(seen.values(self.modalities[0], of_source=source)) for source in (True, False)]
            if min(levels) > 0:
                yield _gain("at the source's level", levels[0] / levels[1])
        yield _gain("inverted", -1.0)
        for share in _BANDS:
            yield Filtering(f"only the lower {share:.0%} of the band", low_pass(share), axis=0)
        yield Filtering("with pre-emphasis", (1.0, -0.97), axis=0)
        yield Filtering("without pre-emphasis", tuple(0.97**delay for delay in range(128)), axis=0)
        yield Flip("reversed in time", axis=0)


def low_pass(share: float) -> tuple[float, ...]:
    """Taps of a filter that keeps the lower part of a band: a sinc in Hamming's window, with a gain of 1 at 0 Hz.

    Example:
        >>> len(low_pass(0.5)), round(sum(low_pass(0.5)), 6)
        (63, 1.0)
    """
    steps = np.arange(-_HALF, _HALF + 1)
    taps = share * np.sinc(share * steps) * np.hamming(2 * _HALF + 1)
    return tuple((taps / taps.sum()).tolist())


def _gain(name: str, factor: float) -> Affine:
    return Affine(name, (factor,), (0.0,), axis=None)


def _level(rows: "np.ndarray[tuple[int, ...], np.dtype[np.float32]]") -> float:
    """Mean over rows of the root of the mean square."""
    return float(np.sqrt(np.square(rows, dtype=np.float64).mean(axis=1)).mean()) if len(rows) else 0.0
