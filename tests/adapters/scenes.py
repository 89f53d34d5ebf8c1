"""Steps to try Aligners on: features drawn at random, heads on them, labels, lessons and absent modalities."""

from collections.abc import Callable, Mapping

import attrs
import torch
from acclimate.adapters.late_sum import LateSum
from acclimate.framework.batch import Batch, Lesson, Outputs, Representation, Side, Step
from acclimate.framework.layout import JOINT, DomainSide, Layout, Task
from torch import Tensor

SIZE = 5
DIGIT = Task("digit", ("one", "two", "three"))
VERB = Task("verb", ("cut", "wash", "peel", "open"))
SCORE = Task("score")
NAMES = ("audio", "image", "text", "video")


def make_layout(modalities: int = 3, tasks: tuple[Task, ...] = (DIGIT,)) -> Layout:
    """A layout of so many modalities whose features are of one size."""
    names = NAMES[:modalities]
    return Layout(names, tasks, dict.fromkeys(names, SIZE), samples={"source": 64, "target": 64})


@attrs.frozen(eq=False)
class Rows:
    """The rows of one side: features are leaves of the graph, all else follows from them."""

    features: Mapping[str, Tensor]
    present: Tensor
    labels: Mapping[str, Tensor]
    lessons: Mapping[str, Lesson]

    def __len__(self) -> int:
        return len(self.present)

    def take(self, order: Tensor) -> "Rows":
        """Some rows, or all in another order."""
        return Rows(
            features={name: _leaf(values[order]) for name, values in self.features.items()},
            present=self.present[order],
            labels={task: labels[order] for task, labels in self.labels.items()},
            lessons={
                task: Lesson(lesson.labels[order], lesson.teacher[order], lesson.confidence[order], lesson.keep[order])
                for task, lesson in self.lessons.items()
            },
        )

    def rename(self, new: Mapping[str, str]) -> "Rows":
        """The same rows with the modalities' names exchanged."""
        old = sorted(self.features)
        columns = [old.index(name) for name in sorted(old, key=lambda name: new[name])]
        features = {new[name]: _leaf(values) for name, values in self.features.items()}
        places = torch.tensor(columns).argsort()
        return attrs.evolve(
            self,
            features=dict(sorted(features.items())),
            present=self.present[:, columns],
            lessons={
                task: attrs.evolve(lesson, teacher=places[lesson.teacher]) for task, lesson in self.lessons.items()
            },
        )

    def fill_absent(self, value: float) -> "Rows":
        """The same rows with something else where a modality is absent."""
        return attrs.evolve(
            self,
            features={
                name: _leaf(values.detach().masked_fill(~self.present[:, [column]], value))
                for column, (name, values) in enumerate(self.features.items())
            },
        )


def _leaf(values: Tensor) -> Tensor:
    return values.detach().clone().requires_grad_()


@attrs.frozen(eq=False)
class Scene:
    """What a Step is made of."""

    layout: Layout
    heads: Mapping[str, Mapping[str, Tensor]]
    source: Rows | None
    target: Rows | None

    def change(self, change: Callable[[Rows], Rows]) -> "Scene":
        """The scene with both sides changed."""
        return attrs.evolve(
            self, source=self.source and change(self.source), target=self.target and change(self.target)
        )

    def rename(self, new: Mapping[str, str]) -> "Scene":
        """The scene with the modalities' names exchanged."""
        heads = {task: {new[name]: head for name, head in by_name.items()} for task, by_name in self.heads.items()}
        return attrs.evolve(self.change(lambda rows: rows.rename(new)), heads=heads)

    def with_tasks(self, *tasks: Task) -> "Scene":
        """The scene with some of its tasks only."""
        return attrs.evolve(self, layout=attrs.evolve(self.layout, tasks=tasks))

    def side(self, domain_side: DomainSide, *, labelled: bool) -> Side:
        """One side, with heads, late sum and, on the target, lessons."""
        rows = self.source if domain_side == "source" else self.target
        assert rows is not None
        features = dict(rows.features)
        tasks = [task.name for task in self.layout.tasks]
        outputs = Outputs(
            features=features,
            logits={task: {name: features[name] @ self.heads[task][name] for name in features} for task in tasks},
            task_features=dict.fromkeys(tasks, features),
        )
        fused = LateSum()(outputs, rows.present, domain_side)
        logits = {task: {**by_name, JOINT: fused.logits[task]} for task, by_name in outputs.logits.items()}
        inputs = {name: torch.zeros(len(rows), 1) for name in features}
        batch = Batch(
            inputs=inputs,
            present=rows.present,
            domain=torch.zeros(len(rows), dtype=torch.int64),
            index=torch.arange(len(rows)),
            ids=tuple(f"{domain_side}{row}" for row in range(len(rows))),
            labels={task: rows.labels[task] for task in tasks} if labelled else None,
        )
        full = Outputs(features | {JOINT: fused.features}, logits, outputs.task_features)
        lessons = {task: rows.lessons[task] for task in tasks} if domain_side == "target" else {}
        return Side(batch, full, lessons)

    def step(self, *, target_labels: bool = False, progress: float = 0.5) -> Step:
        """The scene as a Step; the graph from the features on is new."""
        return Step(
            source=None if self.source is None else self.side("source", labelled=True),
            target=None if self.target is None else self.side("target", labelled=target_labels),
            progress=progress,
            generator=torch.Generator().manual_seed(0),
        )

    @property
    def leaves(self) -> dict[Representation, Tensor]:
        """The features of both sides."""
        sides: tuple[tuple[DomainSide, Rows | None], ...] = (("source", self.source), ("target", self.target))
        return {
            (name, modality): values
            for name, rows in sides
            if rows is not None
            for modality, values in rows.features.items()
        }


def make_scene(
    modalities: int = 3,
    tasks: tuple[Task, ...] = (DIGIT,),
    *,
    source: int | None = 9,
    target: int | None = 7,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> Scene:
    """A scene with all modalities present and all rows labelled; None leaves a side out.

    The modalities teach in turn. Features of different modalities and sides have different scales.
    """
    layout = make_layout(modalities, tasks)
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    def labels(task: Task, rows: int) -> Tensor:
        return draw(rows) if task.is_regression else torch.arange(rows) % task.outputs

    def rows(number: int, scale: float) -> Rows:
        return Rows(
            features={
                name: (draw(number, SIZE) * (1 + index) * scale).requires_grad_()
                for index, name in enumerate(layout.modalities)
            },
            present=torch.ones(number, modalities, dtype=torch.bool),
            labels={task.name: labels(task, number) for task in tasks},
            lessons={
                task.name: Lesson(
                    labels=labels(task, number).flip(0),
                    teacher=torch.arange(number) % modalities,
                    confidence=torch.full((number,), 0.5, dtype=dtype),
                    keep=torch.ones(number, dtype=torch.bool),
                )
                for task in tasks
            },
        )

    heads = {task.name: {name: draw(SIZE, task.outputs) / 4 for name in layout.modalities} for task in tasks}
    return Scene(
        layout=layout,
        heads=heads,
        source=None if source is None else rows(source, 1.0),
        target=None if target is None else rows(target, 0.7),
    )


def drop(present: Tensor) -> Callable[[Rows], Rows]:
    """A change that makes modalities absent: `present` is repeated over the rows."""

    def change(rows: Rows) -> Rows:
        repeated = present.repeat(len(rows) // len(present) + 1, 1)[: len(rows)]
        return attrs.evolve(rows, present=repeated).fill_absent(0.0)

    return change


def one_class(rows: Rows) -> Rows:
    """A change that leaves one class of each task."""
    return attrs.evolve(
        rows,
        labels={task: torch.zeros_like(labels) for task, labels in rows.labels.items()},
        lessons={
            task: attrs.evolve(lesson, labels=torch.ones_like(lesson.labels)) for task, lesson in rows.lessons.items()
        },
    )


def unlabelled(rows: Rows) -> Rows:
    """A change that takes all labels, and keeps no lesson."""
    return attrs.evolve(
        rows,
        labels={
            task: torch.full_like(labels, torch.nan if labels.is_floating_point() else -1)
            for task, labels in rows.labels.items()
        },
        lessons={
            task: attrs.evolve(lesson, keep=torch.zeros_like(lesson.keep)) for task, lesson in rows.lessons.items()
        },
    )


def vanishing(rows: Rows) -> Rows:
    """A change that makes the first modality's features zero."""
    first = min(rows.features)
    return attrs.evolve(rows, features={**rows.features, first: _leaf(torch.zeros_like(rows.features[first]))})


SCATTERED = torch.tensor([[True, False, True], [False, True, True], [True, True, True], [True, False, False]])

EDGES: Mapping[str, Scene] = {
    "one modality": make_scene(1),
    "two modalities": make_scene(2),
    "four modalities": make_scene(4),
    "batches of one": make_scene(source=1, target=1),
    "batches of two": make_scene(source=2, target=2),
    "one class": make_scene().change(one_class),
    "no labels": make_scene(tasks=(DIGIT, SCORE)).change(unlabelled),
    "two tasks": make_scene(tasks=(DIGIT, VERB)),
    "regression": make_scene(tasks=(SCORE,)),
    "scattered absence": make_scene().change(drop(SCATTERED)),
    "a modality absent everywhere": make_scene().change(drop(torch.tensor([[True, False, True]]))),
    "one modality present": make_scene().change(drop(torch.tensor([[False, False, True]]))),
    "vanishing features": make_scene().change(vanishing),
    "no target": make_scene(target=None),
    "no source": make_scene(source=None),
    "float32": make_scene(dtype=torch.float32),
}
"""Scenes in which every Aligner must give finite terms, by name."""
