"""Depth images, as RGB-D cameras give them: one whole number a pixel, often of 16 bits."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Final, Self

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..decoding import Decoded
from .base import Preprocessing, check_positive
from .image import MAX_SIDE

MILLIMETRE: Final = 0.001
"""Metres that one step stands for in the images of most cameras."""


def check_above_zero(_: object, field: "attrs.Attribute[float]", value: float) -> None:
    """Attrs validator: a number above 0."""
    if not 0 < value < np.inf:
        raise ValueError(f"{field.name} must be a positive number, but got {value!r}.")


@attrs.frozen
class DepthPreprocessing(Preprocessing):
    """A depth image of unsigned whole numbers `(H, W)` to `(1, height, width)`.

    Depth is taken in metres and normalised by the mean and standard deviation of what was measured. A pixel of 0 was
    not measured: it stays 0, the training mean. Where the size differs, each pixel takes the nearest one's value, as a
    mean over an edge, or over what was not measured, would be a depth that is nowhere.

    No file shows that it is depth, so the kind is never inferred: it is named, `{"depth": {"kind": "depth"}}`.

    Args:
        height: in pixels.
        width: in pixels.
        mean: of depth, in metres.
        std: of depth, in metres.
        unit: metres that one step stands for.

    Example:
        >>> preprocessing = DepthPreprocessing(height=1, width=3, mean=1.0, std=0.5)
        >>> preprocessing(Decoded("image", np.array([[0, 1000, 1500]], dtype=np.uint16))).tolist()
        [[[0.0, 0.0, 1.0]]]
    """

    kind: ClassVar[str] = "depth"

    height: int = attrs.field(validator=check_positive)
    width: int = attrs.field(validator=check_positive)
    mean: float = attrs.field(converter=float)
    std: float = attrs.field(converter=float, validator=check_above_zero)
    unit: float = attrs.field(default=MILLIMETRE, converter=float, validator=check_above_zero)

    @classmethod
    def fit(cls, samples: Iterable[Decoded], overrides: Mapping[str, object] | None = None) -> Self:
        """Infer the size, as for images, and the mean and standard deviation of what was measured."""
        from .moments import Moments

        moments = Moments()
        sizes: list[tuple[int, ...]] = []
        name = ""
        for decoded in samples:
            depth, name = _to_depth(decoded), decoded.name
            if depth.any():
                moments.add(depth[depth > 0][:, np.newaxis])
            sizes.append(depth.shape)
        if not moments.mean[0] > 0:
            raise DataError(f"{name}: expected depth in some of the images, but found 0 in every pixel of all.")
        medians = np.median(sizes, axis=0)
        height, width = (medians * min(1.0, MAX_SIDE / medians.max())).round().astype(int).clip(min=1).tolist()
        fitted = cls._make({"height": height, "width": width, "mean": 0.0, "std": 1.0}, overrides)
        scaled = {"mean": moments.mean[0] * fitted.unit, "std": moments.std[0] * fitted.unit}
        return cls._make({"height": height, "width": width, **scaled}, overrides)

    @property
    def shape(self) -> tuple[int, ...]:
        """`(1, height, width)`."""
        return 1, self.height, self.width

    def encoder_arguments(self) -> dict[str, object]:
        """`in_channels`, `height` and `width`."""
        return {"in_channels": 1, "height": self.height, "width": self.width}

    def _prepare(self, decoded: Decoded) -> NDArray[np.float32]:
        depth = _to_depth(decoded)
        rows, columns = (_nearest(size, kept) for size, kept in zip(depth.shape, self.shape[1:], strict=True))
        kept = depth[np.ix_(rows, columns)]
        metres = (kept * self.unit - self.mean) / self.std
        return np.where(kept > 0, metres, 0.0).astype(np.float32)[np.newaxis]


def _to_depth(decoded: Decoded) -> NDArray[Any]:
    depth = decoded.array()
    if depth.dtype.kind != "u" or depth.ndim != 2 or depth.size == 0:
        raise DataError(
            f"{decoded.name}: expected a depth image (height, width) of unsigned whole numbers, "
            f"but found {depth.dtype} of shape {depth.shape}."
        )
    return depth


def _nearest(size: int, kept: int) -> NDArray[np.int64]:
    """Positions of the pixels whose centres are nearest to those of an image of another size."""
    return ((np.arange(kept) + 0.5) * size / kept).astype(np.int64)
