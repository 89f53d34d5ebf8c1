"""Scenes: steps that can be changed. Features are drawn at random, and heads, fusion and lessons follow from them."""

from collections.abc import Callable, Mapping, Sequence

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from ..batch import Batch, Lesson, Outputs, Representation, Side, Step
from ..layout import JOINT, DomainSide, Layout, Task
from .broken_promise import plural
from .layouts import DIGIT, WIDTH, Modalities, make_layout, modality_names
from .rows import Rows, leaf
from .tiny_model import SumOfLogits, make_model


@attrs.frozen(eq=False)
class Scene:
    """Both sides of a step before a model sees them, with the heads of one.

    Args:
        layout: of the rows.
        heads: `(width, C)` by task, then by modality.
        source: rows of the source; None where the side is missing.
        target: rows of the target; None where the side is missing.
        name: what is special about it.
        views: whose samples there are further views of, by the view's name.

    Example:
        >>> scene = make_scene(2, target=None)
        >>> step = scene.step()
        >>> step.source.outputs.joint_logits("digit").shape, step.target
        (torch.Size([9, 3]), None)
    """

    layout: Layout
    heads: Mapping[str, Mapping[str, Float[Tensor, "width _"]]]
    source: Rows | None
    target: Rows | None
    name: str = ""
    views: Mapping[str, DomainSide] = attrs.field(factory=dict)

    def __str__(self) -> str:
        sides = " and ".join(f"{plural(len(rows), 'row')} of the {side}" for side, rows in self.rows.items())
        tasks = ", ".join(task.name for task in self.layout.tasks)
        data = f"{sides} with {', '.join(self.layout.modalities)} and {tasks}"
        return f"{self.name!r} ({data})" if self.name else data

    def change(self, change: Callable[[Rows], Rows]) -> "Scene":
        """The scene with both sides changed."""
        return attrs.evolve(
            self, source=self.source and change(self.source), target=self.target and change(self.target)
        )

    def rename(self, new: Mapping[str, str]) -> "Scene":
        """The scene with the modalities' names exchanged.

        Args:
            new: the new name of each modality.
        """
        heads = {task: {new[name]: head for name, head in by_name.items()} for task, by_name in self.heads.items()}
        return attrs.evolve(self.change(lambda rows: rows.rename(new)), heads=heads)

    def with_tasks(self, *tasks: Task) -> "Scene":
        """The scene with some of its tasks only."""
        return attrs.evolve(self, layout=attrs.evolve(self.layout, tasks=tasks))

    def step(self, *, target_labels: bool = False, progress: float = 0.5) -> Step:
        """The scene as a Step, with a new graph from the features on.

        Args:
            target_labels: whether the target's batch carries labels, which it must not.
            progress: of training.
        """
        return Step(
            source=None if self.source is None else self.side("source", labelled=True),
            target=None if self.target is None else self.side("target", labelled=target_labels),
            views={name: self._view(name) for name, side in self.views.items() if side in self.rows},
            progress=progress,
            generator=torch.Generator().manual_seed(0),
            model=make_model(self.layout, self.heads).to(self.dtype),
        )

    def side(self, domain_side: DomainSide, *, labelled: bool) -> Side:
        """One side, with heads, the sum of logits as fusion and, on the target, lessons.

        Raises:
            KeyError: if the scene lacks the side.
        """
        rows = self.rows[domain_side]
        lessons = {task.name: rows.lessons[task.name] for task in self.layout.tasks}
        return self._look(domain_side, rows, lessons if domain_side == "target" else {}, labelled=labelled)

    def _view(self, name: str) -> Side:
        """Other features of the same samples; a number that a row's own numbers give, so that it moves with the row."""
        side, number = self.views[name], 1 + sorted(self.views).index(name)
        rows = self.rows[side]
        features = {key: leaf(values + 0.3 * (number * values).sin()) for key, values in rows.inputs.items()}
        return self._look(side, attrs.evolve(rows, features=features), {}, labelled=side == "source")

    def _look(self, domain_side: DomainSide, rows: Rows, lessons: Mapping[str, Lesson], *, labelled: bool) -> Side:
        tasks = [task.name for task in self.layout.tasks]
        features = dict(rows.features)
        logits = {task: {name: features[name] @ self.heads[task][name] for name in features} for task in tasks}
        batch = Batch(
            inputs={name: torch.zeros(len(rows), 1) for name in features},
            present=rows.present,
            domain=torch.zeros(len(rows), dtype=torch.int64),
            index=torch.arange(len(rows)),
            ids=tuple(f"{domain_side}{row}" for row in range(len(rows))),
            labels={task: rows.labels[task] for task in tasks} if labelled else None,
        )
        outputs = Outputs(features, logits, task_features=dict.fromkeys(tasks, features))
        fused = SumOfLogits()(outputs, rows.present, domain_side)
        whole = attrs.evolve(
            outputs,
            features=features | {JOINT: fused.features},
            logits={task: by_name | {JOINT: fused.logits[task]} for task, by_name in logits.items()},
        )
        return Side(batch, whole, lessons, run=lambda model: model(rows.inputs, rows.present, domain_side))

    @property
    def rows(self) -> dict[DomainSide, Rows]:
        """The rows of the sides that are there."""
        sides: tuple[tuple[DomainSide, Rows | None], ...] = (("source", self.source), ("target", self.target))
        return {name: rows for name, rows in sides if rows is not None}

    @property
    def dtype(self) -> torch.dtype:
        """Of the features."""
        return next(iter(self.leaves.values())).dtype

    @property
    def leaves(self) -> dict[Representation, Float[Tensor, "_ width"]]:
        """The features of both sides, from which all that a step holds is computed."""
        return {
            (name, modality): values for name, rows in self.rows.items() for modality, values in rows.features.items()
        }


def make_scene(
    modalities: Modalities = 3,
    tasks: Sequence[Task] = (DIGIT,),
    *,
    source: int | None = 9,
    target: int | None = 7,
    width: int = WIDTH,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> Scene:
    """A scene in which all modalities are present and all rows labelled.

    The modalities teach in turn. Features of different modalities and sides have different scales.

    Args:
        modalities: names, or how many of audio, image, text and video.
        tasks: what is predicted.
        source: number of the source's rows; None leaves the side out.
        target: number of the target's rows; None leaves the side out.
        width: length of each modality's feature vectors.
        dtype: of the features.
        seed: of the features, the heads and the labels of regression tasks.
    """
    names = modality_names(modalities)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    def labels(task: Task, rows: int) -> Tensor:
        return draw(rows) if task.is_regression else torch.arange(rows) % task.outputs

    def rows(number: int, scale: float) -> Rows:
        return Rows(
            features={
                name: (draw(number, width) * (1 + index) * scale).requires_grad_() for index, name in enumerate(names)
            },
            present=torch.ones(number, len(names), dtype=torch.bool),
            labels={task.name: labels(task, number) for task in tasks},
            lessons={
                task.name: Lesson(
                    labels=labels(task, number).flip(0),
                    teacher=torch.arange(number) % len(names),
                    confidence=torch.full((number,), 0.5, dtype=dtype),
                    keep=torch.ones(number, dtype=torch.bool),
                )
                for task in tasks
            },
        )

    return Scene(
        layout=make_layout(names, tasks, width=width, samples=max(64, source or 0, target or 0)),
        heads={task.name: {name: draw(width, task.outputs) / 4 for name in names} for task in tasks},
        source=None if source is None else rows(source, 1.0),
        target=None if target is None else rows(target, 0.7),
    )
