"""What a visitor sees or hears of a sample: a picture, a sound or a text."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...framework.data.decoding import Decoded

MAX_SIDE: Final = 512
"""Pixels of a picture's longer side at most."""


def write_preview(decoded: Decoded, page: Path, stem: str) -> dict[str, str]:
    """Write what there is to look at or listen to.

    Args:
        decoded: the file; nothing is written of a plain array, which the page draws.
        page: the folder.
        stem: path of the file within it, without its ending.

    Returns:
        `image` or `audio`, with the file's path, or `text`; or nothing.
    """
    if isinstance(decoded.value, str):
        return {"text": decoded.value}
    if decoded.sampling_rate is not None:
        import soundfile

        soundfile.write(page / f"{stem}.wav", decoded.value, decoded.sampling_rate)
        return {"audio": f"{stem}.wav"}
    if decoded.kind == "image":
        from PIL import Image

        picture = Image.fromarray(_to_bytes(decoded.value))
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
        picture.save(page / f"{stem}.png")
        return {"image": f"{stem}.png"}
    return {}


def _to_bytes(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Depth is scaled to what can be seen."""
    if pixels.dtype == np.uint8:
        return pixels
    seen: NDArray[np.uint8] = (pixels * (255 / max(1, int(pixels.max())))).astype(np.uint8)
    return seen
