"""How pictures may differ from those of the source: light, colours, orientation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from ..data.input_maps import Affine, Flip
from ..data.preprocessing import Preprocessing
from ..errors import DataError
from .group import Candidate, MapGroup, Unlabelled
from .prepared import carry_over, moments

_LUMA: Final = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R BT.601), which Pillow has too."""

_LINES: Final[Mapping[str, tuple[float, float]]] = {
    "inverted": (-1.0, 1.0),
    "half the contrast": (0.5, 0.25),
    "twice the contrast": (2.0, -0.5),
    "four times the contrast": (4.0, -1.5),
    "darker by a quarter of the range": (1.0, -0.25),
    "brighter by a quarter of the range": (1.0, 0.25),
    "half as bright": (0.5, 0.0),
    "twice as bright": (2.0, 0.0),
}
"""Factor and offset of pixels in [0, 1]; what leaves that range is not cut."""


class Pictures(MapGroup):
    """Inverted, with other contrast or brightness, grey, mirrored, and turned upside down.

    Args:
        modality: Of kind `image`; of `depth`, mirror images alone.

    Example:
        >>> Pictures("face").name
        'face'
    """

    def __init__(self, modality: str) -> None:
        super().__init__([modality])

    def candidates(self, seen: Unlabelled) -> Sequence[Candidate]:
        """Those that fit the number of channels."""
        modality = self.modalities[0]
        preprocessing = seen.preprocessing[modality]
        if preprocessing.kind not in {"image", "depth"}:
            raise DataError(
                f"{modality}: maps of pictures are for kind image or depth, but it is {preprocessing.kind}."
            )
        light = _light(preprocessing) if preprocessing.kind == "image" else ()
        turned = [
            Candidate("mirrored from left to right", {modality: Flip("mirrored from left to right", axis=2)}),
            Candidate("mirrored from top to bottom", {modality: Flip("mirrored from top to bottom", axis=1)}),
        ]
        return [*(Candidate(found.name, {modality: found}) for found in light), *turned]


def _light(preprocessing: Preprocessing) -> Iterator[Affine]:
    channels = len(moments(preprocessing)[0])
    for name, (factor, offset) in _LINES.items():
        yield carry_over(name, factor * np.eye(channels), np.full(channels, offset), preprocessing)
    if channels == 3:
        yield carry_over("in grey", np.tile(_LUMA, (3, 1)), np.zeros(3), preprocessing)
