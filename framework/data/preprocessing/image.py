"""Pictures."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import OPTIONAL, Preprocessing, as_vector, check_positive, check_std, to_numbers

MAX_SIDE: Final = 224
"""Pixels of the longer side that are inferred at most, the usual size for image encoders; an override may say more."""


@attrs.frozen
class ImagePreprocessing(Preprocessing):
    """An image of bytes, `(H, W)` or `(H, W, channels)`, to `(channels, height, width)`.

    It is resized where its size differs (Pillow's bilinear filter, which also averages when it shrinks), scaled to [0,
    1] and normalised per channel.

    Args:
        height: in pixels.
        width: in pixels.
        mean: by channel, of values in [0, 1].
        std: by channel, of values in [0, 1].
        channels: 1 makes all images grey, 3 gives those that are grey three channels alike; None takes them as they
            are, and refuses those that are not like the rest.

    Example:
        >>> preprocessing = ImagePreprocessing(height=1, width=2, mean=[0.5], std=[0.5])
        >>> preprocessing(Decoded("image", np.array([[0, 255]], dtype=np.uint8))).tolist()
        [[[-1.0, 1.0]]]
    """

    kind: ClassVar[str] = "image"

    height: int = attrs.field(validator=check_positive)
    width: int = attrs.field(validator=check_positive)
    mean: tuple[float, ...] = attrs.field(converter=to_numbers)
    std: tuple[float, ...] = attrs.field(converter=to_numbers, validator=check_std)
    channels: int | None = attrs.field(default=None, metadata=OPTIONAL)

    @channels.validator
    def _check(self, _: object, value: object) -> None:
        if value not in {None, 1, 3} or isinstance(value, bool | float):
            raise ValueError(f"channels must be 1 (grey) or 3 (colour), but got {value!r}.")
        if value is not None and value != len(self.mean):
            raise ValueError(f"mean must have a number for each of {value} channels, but has {len(self.mean)}.")

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer channels, their mean and standard deviation, and the size.

        The size is the median height and the median width, both shrunk alike until neither is above `MAX_SIDE`.
        """
        from .moments import Moments

        moments = Moments()
        channels = (overrides or {}).get("channels")
        sizes: list[tuple[int, ...]] = []
        for decoded in samples:
            pixels = with_channels(to_pixels(decoded), channels, decoded.name)
            _check_channels(decoded, pixels, sizes[0][2] if sizes else pixels.shape[2])
            moments.add(pixels.reshape(-1, pixels.shape[2]), divisor=255)
            sizes.append(pixels.shape)
        medians = np.median([size[:2] for size in sizes], axis=0)
        height, width = (medians * min(1.0, MAX_SIDE / medians.max())).round().astype(int).clip(min=1).tolist()
        return cls._make({"height": height, "width": width, "mean": moments.mean, "std": moments.std}, overrides)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(channels, height, width)`."""
        return len(self.mean), self.height, self.width

    def encoder_arguments(self) -> dict[str, object]:
        """`in_channels`, `height` and `width`, and `mean` and `std`, which pretrained weights may expect otherwise."""
        return {
            "in_channels": len(self.mean),
            "height": self.height,
            "width": self.width,
            "mean": self.mean,
            "std": self.std,
        }

    def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
        pixels = with_channels(to_pixels(decoded), self.channels, decoded.name)
        _check_channels(decoded, pixels, len(self.mean))
        if pixels.shape[:2] != (self.height, self.width):
            pixels = _resize(pixels, self.height, self.width)
        scaled = pixels.astype(np.float32) / np.float32(255)
        normalised: NDArray[np.float32] = (scaled - as_vector(self.mean)) / as_vector(self.std)
        return normalised.transpose(2, 0, 1)


def to_pixels(decoded: Decoded) -> NDArray[Any]:
    """The pixels `(height, width, channels)` of an image of bytes.

    Raises:
        DataError: if it is none.
    """
    pixels = decoded.array()
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if decoded.kind == "image" and pixels.dtype != np.uint8:
        raise DataError(
            f"{decoded.name}: expected an image of 8 bits a channel, but found {8 * pixels.itemsize} bits: "
            "convert it first."
        )
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.size == 0:
        raise DataError(
            f"{decoded.name}: expected an image of bytes (height, width, channels), "
            f"but found {pixels.dtype} of shape {pixels.shape}."
        )
    return pixels


def with_channels(pixels: NDArray[Any], channels: object, name: str) -> NDArray[Any]:
    """Pixels `(height, width, channels)` in grey or in colour.

    Args:
        pixels: of any number of channels.
        channels: see `ImagePreprocessing`.
        name: what errors call the file.

    Raises:
        DataError: if another number is wanted, and the image is neither grey nor in colour.
    """
    found = pixels.shape[2]
    if channels is None or channels == found:
        return pixels
    if {found, channels} != {1, 3}:
        raise DataError(f"{name}: expected an image of 1 or 3 channels, to make {channels} of them, but found {found}.")
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    from PIL import Image

    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))[:, :, np.newaxis]


def _check_channels(decoded: Decoded, pixels: NDArray[Any], channels: int) -> None:
    if pixels.shape[2] != channels:
        raise DataError(f"{decoded.name}: expected {channels} channels, but found {pixels.shape[2]}.")


def _resize(pixels: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    from PIL import Image

    def resize(plane: NDArray[Any]) -> NDArray[Any]:
        picture = Image.fromarray(np.ascontiguousarray(plane))
        return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))

    return np.stack([resize(plane) for plane in pixels.transpose(2, 0, 1)], axis=2)
