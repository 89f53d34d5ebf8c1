"""What all files of a modality must have in common."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from numpy.typing import NDArray

from ..errors import DataError
from .decoding import Decoded
from .preprocessing import Preprocessing, infer_preprocessing, kind_of, to_finite
from .preprocessing.audio import to_waveform
from .preprocessing.image import to_pixels, with_channels
from .problem import Problem
from .reading import read_modality
from .row import Row
from .table import Table

Overrides: TypeAlias = Mapping[str, Mapping[str, object]]

Traits: TypeAlias = Mapping[str, str | int | None]
"""What one file says of its modality, by the keys of `_WORDS`; None where it says nothing."""

_WORDS: Final = MappingProxyType(
    {
        "kind": "the kind {}",
        "channels": "{} channels",
        "sampling_rate": "a sampling rate of {} Hz",
        "length": "the length {}",
    }
)


def find_traits(decoded: Decoded, overrides: Overrides | None = None, modality: str = "") -> Traits:
    """Kind, channels, sampling rate and, of vectors only, length of a file, as far as its preprocessing leaves them.

    Channels of sound are mixed down, so it may have any number of them; a picture's may be, where `channels` says so.
    Sound that is resampled may have any sampling rate.

    Args:
        decoded: the file.
        overrides: see `check_files`.
        modality: name of its column.

    Raises:
        DataError: if it is empty, holds NaN or infinite values, is of a kind that no preprocessing takes, or not of the
            one that is named, or has channels that cannot become what `channels` says.

    Example:
        >>> import numpy as np
        >>> find_traits(Decoded("audio", np.zeros((5, 2)), 8000))
        {'kind': 'audio', 'channels': None, 'sampling_rate': 8000, 'length': None}
    """
    known = overrides or {}
    kind = _kind_of(decoded, known.get(modality, {}))
    fields = known.get(modality, known.get(kind, {}))
    if kind == "text":
        return {"kind": kind, "channels": None, "sampling_rate": None, "length": None}
    array = decoded.array()
    # Whole numbers are finite, and may be many: as float32, those of a picture would take four times their memory.
    if array.dtype.kind == "f" or not array.size:
        to_finite(array, decoded.name)
    return {
        "kind": kind,
        "channels": _channels(decoded, array, kind, fields.get("channels")),
        "sampling_rate": None if kind == "audio" and fields.get("resample") else decoded.sampling_rate,
        "length": len(array) if kind == "features" else None,
    }


def _channels(decoded: Decoded, array: NDArray[Any], kind: str, setting: object) -> int | None:
    if kind == "audio":
        to_waveform(decoded, setting)
        return None
    if kind == "image" and setting is not None:
        return int(with_channels(to_pixels(decoded), setting, decoded.name).shape[2])
    axes = 3 if kind in {"depth", "image"} else 2
    return None if kind == "features" else int(array.shape[-1]) if array.ndim == axes else 1


def check_files(table: Table, modality: str, overrides: Overrides | None = None) -> list[Problem]:
    """Read every file of a modality.

    Args:
        table: rows.
        modality: the column.
        overrides: what is known of preprocessing, by modality or kind, as for `fit_preprocessing`; where a modality's
            `kind` is known, its files need not show it.

    Returns:
        One problem for each file that is missing, cannot be decoded, holds NaN or infinite values, or differs from most
        others in kind, channels, sampling rate or, where most vectors have one length, in that; where the kind is
        named, for each that is not of that kind.

    Raises:
        DataError: if there is no kind of that name.
    """
    own = (overrides or {}).get(modality, {})
    if "kind" in own:
        Preprocessing.of_kind(own["kind"])
    found: list[tuple[Row, Traits]] = []
    problems: list[Problem] = []
    for row in table.rows:
        try:
            decoded = read_modality(table, row, modality)
            if decoded is not None:
                found.append((row, find_traits(decoded, overrides, modality)))
        except DataError as error:
            problems.append(Problem(str(error), row.line, row.id, modality))
    return [*problems, *_find_outliers(found, modality)]


def _kind_of(decoded: Decoded, known: Mapping[str, object]) -> str:
    if known.get("kind") in {None, decoded.kind}:
        return kind_of(decoded)
    return infer_preprocessing([decoded], known).kind


def _find_outliers(found: Sequence[tuple[Row, Traits]], modality: str) -> Iterator[Problem]:
    alike = found
    for trait, words in _WORDS.items():
        stated = Counter(traits[trait] for _, traits in alike if traits[trait] is not None)
        if not stated:
            continue
        usual, number = stated.most_common(1)[0]
        # Vectors of many lengths are signals of one channel, as `infer_kind` sees them.
        if trait == "length" and 2 * number <= len(alike):
            return
        for row, traits in alike:
            if traits[trait] not in {usual, None}:
                rule = f"expected {words.format(usual)}, as {number} of {stated.total()} files have"
                message = f"{row.cells[modality]}: {rule}, but found {traits[trait]}."
                yield Problem(message, row.line, row.id, modality)
        alike = [(row, traits) for row, traits in alike if traits[trait] in {usual, None}]
