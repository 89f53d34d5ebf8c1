"""Which preprocessing a modality's files need."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from ...errors import DataError
from ..decoding import Decoded
from ..reference import SUFFIXES
from .base import Preprocessing
from .image import to_pixels


def infer_kind(samples: Iterable[Decoded]) -> str:
    """The kind of preprocessing that all of the samples call for.

    Sound files are audio and pictures are images. Arrays are images if they are bytes of two or three axes, signals if
    they have two axes, features if they are vectors of which more than half have one length (the others are then wrong),
    and signals of one channel if they are vectors of many lengths.

    Raises:
        DataError: if they call for different ones, for none, or are text.
    """
    lengths: Counter[int] = Counter()
    kind: str | None = None
    for decoded in samples:
        found = kind_of(decoded)
        if found != (kind or found):
            raise DataError(f"{decoded.name}: expected {kind} as in the rows before, but found {found}.")
        kind = found
        if kind == "features":
            lengths[decoded.array().size] += 1
    if kind is None:
        raise DataError("expected files to infer the preprocessing from, but found none.")
    # As `consistency.check_files` has it: one wrong vector must not make signals of all others.
    is_signal = kind == "features" and 2 * max(lengths.values()) <= lengths.total()
    return "signal" if is_signal else kind


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
    """The kind of preprocessing that one file calls for; a vector is taken for features.

    Raises:
        DataError: if it calls for none, or is text.
    """
    if decoded.kind == "text":
        raise DataError(
            f"{decoded.name}: expected numbers, or a path that ends in {', '.join(SUFFIXES)}, but found text, which no "
            "encoder takes yet: rename the column to meta.<name>, or bring vectors of features."
        )
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
