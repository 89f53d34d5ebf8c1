"""Batches and steps with random numbers in them, for examples and for tests of one's own."""

from collections.abc import Collection, Mapping, Sequence

import attrs
import torch
from jaxtyping import Bool
from torch import Tensor

from ..batch import Batch, Step
from ..layout import DomainSide, Task
from .layouts import DIGIT, WIDTH, Modalities, modality_names
from .row_changes import drop
from .scene import make_scene


def make_batch(
    modalities: Modalities = ("audio", "image"),
    tasks: Sequence[Task] = (DIGIT,),
    *,
    rows: int = 8,
    width: int = WIDTH,
    labelled: bool = True,
    present: Bool[Tensor, "some modality"] | None = None,
    seed: int = 0,
) -> Batch:
    """A batch of random vectors, as a method built for `make_schema` takes it.

    Args:
        modalities: names, or how many of audio, image, text and video.
        tasks: what is predicted; classes take turns, numbers are drawn.
        rows: number of samples.
        width: length of each modality's input.
        labelled: whether the labels are there, as on the source.
        present: which modalities the rows have, in alphabetical order, repeated over the rows; None means all.
        seed: of the numbers.

    Example:
        >>> batch = make_batch(("audio", "image"), rows=3, width=4)
        >>> batch.inputs["audio"].shape, batch.labels
        (torch.Size([3, 4]), {'digit': tensor([0, 1, 2])})
    """
    names = modality_names(modalities)
    generator = torch.Generator().manual_seed(seed)
    pattern = torch.ones(1, len(names), dtype=torch.bool) if present is None else present
    labels = {
        task.name: torch.randn(rows, generator=generator) if task.is_regression else torch.arange(rows) % task.outputs
        for task in tasks
    }
    return Batch(
        inputs={name: torch.randn(rows, width, generator=generator) for name in names},
        present=pattern.repeat(rows // len(pattern) + 1, 1)[:rows],
        domain=torch.zeros(rows, dtype=torch.int64),
        index=torch.arange(rows),
        ids=tuple(map(str, range(rows))),
        labels=labels if labelled else None,
    )


def make_step(
    modalities: Modalities = ("audio", "image"),
    tasks: Sequence[Task] = (DIGIT,),
    *,
    rows: int = 8,
    width: int = WIDTH,
    sides: Collection[DomainSide] = ("source", "target"),
    present: Bool[Tensor, "some modality"] | None = None,
    views: Mapping[str, DomainSide] | None = None,
    dtype: torch.dtype = torch.float32,
    seed: int = 0,
) -> Step:
    """A step with outputs, labels on the source and lessons on the target; its features require gradients.

    Bind a part to `make_layout` with the same modalities, tasks and width before it sees the step.

    Args:
        modalities: names, or how many of audio, image, text and video.
        tasks: what is predicted.
        rows: number of samples of each side.
        width: length of each modality's feature vectors.
        sides: those that are there.
        present: which modalities the rows have, in alphabetical order, repeated over the rows; None means all.
        views: whose samples there are further views of, by the view's name, such as `{"strong": "target"}`.
        dtype: of the features.
        seed: of the numbers.

    Example:
        >>> step = make_step(("audio", "image"), rows=8, width=4)
        >>> step.source.outputs.features["audio"].shape, step.source.batch.labels["digit"][:4]
        (torch.Size([8, 4]), tensor([0, 1, 2, 0]))
        >>> step.target.outputs.joint_logits("digit").requires_grad, step.target.batch.labels
        (True, None)
    """
    source, target = (rows if side in sides else None for side in ("source", "target"))
    scene = make_scene(modalities, tasks, source=source, target=target, width=width, dtype=dtype, seed=seed)
    changed = scene if present is None else scene.change(drop(present))
    return attrs.evolve(changed, views=views or {}).step()
