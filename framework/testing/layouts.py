"""Small layouts and schemas: a few modalities of equal width, and tasks of each kind. Imports no torch."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from ..data.preprocessing import FeaturesPreprocessing
from ..data.schema import Schema
from ..layout import Layout, Task

DIGIT: Final = Task("digit", ("one", "two", "three"))
VERB: Final = Task("verb", ("cut", "wash", "peel", "open"))
SCORE: Final = Task("score")

WIDTH: Final = 5
"""Length of feature vectors, and of inputs, where nothing else is said."""

_NAMES: Final = ("audio", "image", "text", "video")

Modalities: TypeAlias = int | Sequence[str]
"""Names, or how many of audio, image, text and video."""


def modality_names(modalities: Modalities) -> tuple[str, ...]:
    """The names in alphabetical order.

    Example:
        >>> modality_names(2), modality_names(("lidar", "camera"))
        (('audio', 'image'), ('camera', 'lidar'))
    """
    return _NAMES[:modalities] if isinstance(modalities, int) else tuple(sorted(modalities))


def make_layout(
    modalities: Modalities = ("audio", "image"),
    tasks: Sequence[Task] = (DIGIT,),
    *,
    width: int = WIDTH,
    samples: int = 64,
) -> Layout:
    """A layout to bind parts to: that of what `make_step` gives for the same arguments.

    Args:
        modalities: names, or how many of audio, image, text and video.
        tasks: what is predicted.
        width: length of each modality's feature vectors.
        samples: number of samples that each side's data set has.

    Example:
        >>> make_layout(("lidar", "camera"), width=4).feature_sizes
        {'camera': 4, 'lidar': 4}
    """
    names = modality_names(modalities)
    return Layout(names, tasks, dict.fromkeys(names, width), samples={"source": samples, "target": samples})


def make_schema(
    modalities: Modalities = ("audio", "image"), tasks: Sequence[Task] = (DIGIT,), *, width: int = WIDTH
) -> Schema:
    """A schema for `Builder.build`: each modality is a vector of numbers, as in the batches of `make_batch`.

    Args:
        modalities: names, or how many of audio, image, text and video.
        tasks: what is predicted.
        width: length of each modality's input.

    Example:
        >>> make_schema(2, width=4).preprocessing["audio"].shape
        (4,)
    """
    preprocessing = FeaturesPreprocessing(mean=(0.0,) * width, std=(1.0,) * width)
    return Schema(dict.fromkeys(modality_names(modalities), preprocessing), tasks)
