"""What a step is timed on: a schema, encoders, and random batches."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

import attrs
import torch
from acclimate.framework import Batch, DomainSide, Encoder, Schema, Task
from acclimate.framework.data.preprocessing import (
    AudioPreprocessing,
    FeaturesPreprocessing,
    ImagePreprocessing,
    SignalPreprocessing,
)
from real_encoders import IMAGE_SIDE, SAMPLING_RATE, SECONDS, TOKENS, VOCABULARY, make_real_encoders, make_scalings
from torch import Generator, Tensor

WorkloadName: TypeAlias = Literal["real", "wrist", "none"]
LABEL: Final = "label"
TEXT: Final = "text"


@attrs.frozen(eq=False)
class Workload:
    """What a step is timed on.

    Args:
        name: stands in the report.
        schema: modalities and tasks.
        batch_size: samples a side.
        make_encoders: those that differ from the kind's default.
        calls: steps in a turn.
    """

    name: WorkloadName
    schema: Schema
    batch_size: int
    make_encoders: Callable[[], Mapping[str, Encoder]] = dict
    calls: int = 1

    def draw(self, rows: int, domain_side: DomainSide, seed: int = 0) -> Batch:
        """Samples of one side, all modalities present; labels on the source only."""
        generator = Generator().manual_seed(2 * seed + (domain_side == "target"))
        classes = self.schema.tasks[0].outputs
        return Batch(
            inputs={name: self._draw_inputs(name, rows, generator) for name in self.schema.modalities},
            present=torch.ones(rows, len(self.schema.modalities), dtype=torch.bool),
            domain=torch.full((rows,), int(domain_side == "target")),
            index=torch.arange(rows),
            ids=tuple(f"{domain_side}{row}" for row in range(rows)),
            labels={LABEL: torch.randint(classes, (rows,), generator=generator)} if domain_side == "source" else None,
        )

    def _draw_inputs(self, modality: str, rows: int, generator: Generator) -> Tensor:
        shape = (rows, *self.schema.preprocessing[modality].shape)
        if self.name == "real" and modality == TEXT:
            return torch.randint(VOCABULARY, shape, generator=generator)
        return torch.randn(shape, generator=generator)


def _classes(number: int) -> tuple[str, ...]:
    return tuple(f"class{index}" for index in range(number))


def real(batch_size: int = 16, features: int = 256) -> Workload:
    """Sound, images and text, ten classes; encoders of real size."""
    channels = (0.0,) * 3, (1.0,) * 3
    preprocessing = {
        "audio": AudioPreprocessing(sampling_rate=SAMPLING_RATE, samples=SAMPLING_RATE * SECONDS),
        "image": ImagePreprocessing(IMAGE_SIDE, IMAGE_SIDE, *channels),
        TEXT: FeaturesPreprocessing(mean=(0.0,) * TOKENS, std=(1.0,) * TOKENS),
    }
    schema = Schema(preprocessing, (Task(LABEL, _classes(10)),))
    return Workload("real", schema, batch_size, lambda: make_real_encoders(features))


def none(batch_size: int = 16, features: int = 256) -> Workload:
    """Features of three modalities, ten classes, no encoders: what a method costs beside them."""
    vectors = FeaturesPreprocessing(mean=(0.0,) * features, std=(1.0,) * features)
    schema = Schema(dict.fromkeys(("audio", "image", "text"), vectors), (Task(LABEL, _classes(10)),))
    return Workload("none", schema, batch_size, lambda: make_scalings(features), calls=5)


def wrist(batch_size: int = 64) -> Workload:
    """Two signals of 2 s at 50 Hz, seven classes, as in the data set `wrist`; the default encoders, which are small."""
    signal = SignalPreprocessing(length=100, mean=(0.0,) * 3, std=(1.0,) * 3)
    schema = Schema({"accelerometer": signal, "gyroscope": signal}, (Task(LABEL, _classes(7)),))
    return Workload("wrist", schema, batch_size, calls=5)
