"""Corruptions by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import attrs

from ...errors import DataError
from ...files.suggestion import suggestion
from .audio_noise import AudioNoise
from .audio_snr import AudioSNR
from .base import Corruption
from .brightness import Brightness
from .drop import Drop
from .gaussian_noise import GaussianNoise
from .gaussian_snr import GaussianSNR
from .noise_replacement import NoiseReplacement
from .pixel_noise import PixelNoise
from .word_mask import WordMask

CORRUPTIONS: Final[Mapping[str, type[Corruption]]] = MappingProxyType(
    {
        known.name: known
        for known in (
            AudioNoise,
            AudioSNR,
            Brightness,
            Drop,
            GaussianNoise,
            GaussianSNR,
            NoiseReplacement,
            PixelNoise,
            WordMask,
        )
    }
)


def find_corruption(name: str) -> type[Corruption]:
    """The corruption of a name.

    Raises:
        DataError: if there is none.
    """
    if name not in CORRUPTIONS:
        hint = suggestion(name, CORRUPTIONS, ".")
        raise DataError(f"a corruption must be one of {', '.join(CORRUPTIONS)}, but got {name!r}{hint}")
    return CORRUPTIONS[name]


def make_corruption(name: str, arguments: Mapping[str, object]) -> Corruption:
    """A corruption from plain data.

    Raises:
        DataError: if there is no such corruption, or an argument is missing, unknown or wrong.

    Example:
        >>> make_corruption("gaussian_noise", {"std": 0.3})
        GaussianNoise(seed=0, std=0.3)
    """
    found: Any = find_corruption(name)
    fields = {field.name: field for field in attrs.fields(found)}
    for argument in arguments:
        if argument not in fields:
            raise DataError(f"{name}: arguments are {', '.join(sorted(fields))}, but got {argument!r}.")
    for field in fields.values():
        if field.default is attrs.NOTHING and field.name not in arguments:
            raise DataError(f"{name}: the argument {field.name!r} must be given, but is missing.")
    try:
        corruption: Corruption = found(**arguments)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: {_first_words(error)}") from error
    return corruption


def _first_words(error: Exception) -> str:
    """What an error says; validators of attrs append objects to it."""
    return str(error.args[0])
