"""Which preprocessing a modality's files need."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from ...errors import DataError
from ..decoding import Decoded
from .base import Preprocessing
from .image import to_pixels

MAX_CHANNELS: Final = 64
"""Signals have at most so many channels, sequences of features more, where nobody says what an array of two axes is.

Sensors on a body or a machine have a few dozen at most, and caps for EEG up to 64; networks that see frames give 128
(VGGish) to 2048 features, COVAREP gives 74. What falls on the wrong side has to be named: `kind: sequence`. The mistake
costs less on the side of signals, whose encoder takes any number of channels and the longest recordings.
"""


def infer_kind(samples: Iterable[Decoded]) -> str:
    """The kind of preprocessing that all of the samples call for.

    Sound files are audio, pictures are images, and text is text. Arrays are images if they are bytes of two or three
    axes, features if they are vectors of which more than half have one length (the others are then wrong), and signals
    of one channel if they are vectors of many lengths. Other arrays of two axes are signals `(time, channels)`, or
    sequences of frames' features where most of them have more than `MAX_CHANNELS` columns.

    Raises:
        DataError: if they call for different ones, or for none.
    """
    widths: Counter[int] = Counter()
    kind: str | None = None
    for decoded in samples:
        found = kind_of(decoded)
        if found != (kind or found):
            raise DataError(f"{decoded.name}: expected {kind} as in the rows before, but found {found}.")
        kind = found
        if kind in {"features", "signal"}:
            widths[decoded.array().shape[-1]] += 1
    if kind is None:
        raise DataError("expected files to infer the preprocessing from, but found none.")
    return _by_width(kind, widths) if widths else kind


def _by_width(kind: str, widths: Counter[int]) -> str:
    """What arrays are by how many values each has along its last axis; a few wrong ones must not change it."""
    width, number = widths.most_common(1)[0]
    if kind == "features":
        # As `consistency.check_files` has it.
        return "signal" if 2 * number <= widths.total() else "features"
    return "sequence" if width > MAX_CHANNELS else "signal"


def infer_preprocessing(samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Preprocessing:
    """Infer and fit the preprocessing of a modality.

    Args:
        samples: of the source's training rows; passed over twice unless the overrides name the kind.
        overrides: fields of the preprocessing that are known already, among them `kind`.

    Raises:
        DataError: if the samples do not fit together.
    """
    fields = dict(overrides or {})
    kind = fields.pop("kind", None) or infer_kind(samples)
    return Preprocessing.of_kind(kind).fit(samples, fields)


def kind_of(decoded: Decoded) -> str:
    """The kind of preprocessing that one file calls for; a vector is taken for features, other numbers for a signal.

    Raises:
        DataError: if it calls for none.
    """
    if decoded.kind == "text":
        return decoded.kind
    array = decoded.array()
    if decoded.kind == "image":
        to_pixels(decoded)
    if decoded.kind != "array":
        return decoded.kind
    if array.dtype == np.uint8 and array.ndim in {2, 3}:
        return "image"
    if array.ndim not in {1, 2}:
        raise DataError(
            f"{decoded.name}: expected a vector, a signal (time, channels) or an image of bytes, "
            f"but found {array.dtype} of shape {array.shape}."
        )
    return "features" if array.ndim == 1 else "signal"
