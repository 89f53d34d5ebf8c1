"""Which release of MOSI or MOSEI a file's numbers of features show: many files have the same name and layout."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

Sizes: TypeAlias = tuple[int, int, int]
"""Numbers of features of text, audio and vision."""

RELEASES: Final[Mapping[str, Mapping[Sizes, str]]] = MappingProxyType(
    {
        "MOSI": {
            (768, 5, 20): "MMSA's MOSI",
            (300, 5, 20): "MOSI as Multimodal Transformer packed it (GloVe text)",
            (768, 74, 47): "MOSI as MAG-BERT and MISA packed it",
            (300, 74, 47): "MOSI of CMU's SDK (GloVe text)",
        },
        "MOSEI": {
            (768, 74, 35): "MMSA's MOSEI, or MOSEI as MAG-BERT and MISA packed it",
            (300, 74, 35): "MOSEI of CMU's SDK, or as Multimodal Transformer packed it (GloVe text)",
        },
        "SIMS": {(768, 33, 709): "MMSA's CH-SIMS"},
    }
)
"""What a release is called, by its numbers of features, by corpus."""


def name_release(sizes: Sizes) -> str:
    """The release whose numbers of features these are.

    Example:
        >>> name_release((768, 5, 20))
        "MMSA's MOSI"
        >>> name_release((768, 5, 21))
        'no release that is known here'
    """
    for releases in RELEASES.values():
        if sizes in releases:
            return releases[sizes]
    return "no release that is known here"


def describe(sizes: Sizes) -> str:
    """Numbers of features in words, and the release that they are of.

    Example:
        >>> describe((768, 74, 35)).partition(" (")[0]
        '768 features of text, 74 of audio and 35 of vision'
    """
    text, audio, vision = sizes
    return f"{text} features of text, {audio} of audio and {vision} of vision ({name_release(sizes)})"
