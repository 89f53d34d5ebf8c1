"""The data classes that travel through the loop: Batch, EncoderInput, Outputs, Lesson, Side, Step, Term."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeAlias

import attrs
import torch
from jaxtyping import Bool, Float, Int64, Shaped
from torch import Tensor, nn

from .intermediate import Intermediate
from .layout import JOINT, DomainSide

JOINT_TEACHER: Final = -1
"""`Lesson.teacher` of a sample that the joint logits teach."""

Representation: TypeAlias = tuple[DomainSide, str]
"""Names the features of one modality on one side."""


@attrs.frozen(eq=False)
class Batch:
    """Samples of one side.

    Args:
        inputs: by modality, in alphabetical order; a row of an absent modality may hold anything.
        present: which modalities each sample has, columns in the order of `inputs`.
        domain: index of the domain that each sample comes from (there may be several sources).
        index: position of each sample in its data set, so that parts can keep state per sample.
        ids: names of the samples, for errors and predictions.
        labels: by task; None on an unlabelled target. Class indices, or numbers for regression.
        lengths: by modality whose samples differ in length, how many steps of each row are its own; what follows is
            padding. A modality that is not there is all its own.
        views: the same samples in the same order with other inputs, by name, such as a weakly and a strongly augmented
            one, for losses that compare what the model says of both. A view has none of its own.
    """

    inputs: Mapping[str, Shaped[Tensor, "batch ..."]]
    present: Bool[Tensor, "batch modality"]
    domain: Int64[Tensor, " batch"]
    index: Int64[Tensor, " batch"]
    ids: tuple[str, ...]
    labels: Mapping[str, Shaped[Tensor, " batch"]] | None = None
    lengths: Mapping[str, Int64[Tensor, " batch"]] = attrs.field(factory=dict)
    views: "Mapping[str, Batch]" = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        names = tuple(self.inputs)
        if names != tuple(sorted(names)):
            raise ValueError(f"inputs must be in alphabetical order, but got {names}.")
        if self.present.shape != (len(self.ids), len(names)):
            raise ValueError(
                f"present must be of shape {(len(self.ids), len(names))}, but got {tuple(self.present.shape)}."
            )
        bare = (~self.present.any(dim=1)).nonzero().flatten().tolist()
        if bare:
            raise ValueError(f"every sample must have a modality, but {self.ids[bare[0]]!r} has none.")
        for name, view in self.views.items():
            if view.ids != self.ids or view.views:
                raise ValueError(f"view {name!r} must hold the batch's own samples and no further views.")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Names of the modalities, the columns of `present`."""
        return tuple(self.inputs)

    def has(self, modality: str) -> Bool[Tensor, " batch"]:
        """Which samples have the modality."""
        return self.present[:, self.modalities.index(modality)]

    def to(self, device: torch.device | str) -> "Batch":
        """The batch with its tensors on another device; from page-locked memory, the copy does not wait."""
        # Towards the CPU it must wait: nothing else would say when the values are there.
        towards_gpu = torch.device(device).type == "cuda"
        return _change(self, lambda value: value.to(device, non_blocking=towards_gpu))

    def pin_memory(self) -> "Batch":
        """The batch in page-locked memory; torch's DataLoader calls this."""
        return _change(self, Tensor.pin_memory)

    def without_labels(self) -> "Batch":
        """The batch, and its views, as an unlabelled target's."""
        views = {name: view.without_labels() for name, view in self.views.items()}
        return attrs.evolve(self, labels=None, views=views)


def _change(batch: Batch, change: Callable[[Tensor], Tensor]) -> Batch:
    return attrs.evolve(
        batch,
        inputs={name: change(value) for name, value in batch.inputs.items()},
        present=change(batch.present),
        domain=change(batch.domain),
        index=change(batch.index),
        labels=None if batch.labels is None else {name: change(value) for name, value in batch.labels.items()},
        lengths={name: change(value) for name, value in batch.lengths.items()},
        views={name: _change(view, change) for name, view in batch.views.items()},
    )


def unlabelled(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches without labels, even where a loader of the user's brings some.

    This is the law that no target label is seen: all code here takes the target through it.
    """
    for batch in batches:
        yield batch.without_labels()


def views_by_name(source: Batch | None, target: Batch | None) -> dict[str, tuple[DomainSide, Batch]]:
    """The views of both sides, each with its side.

    Raises:
        ValueError: if views of both sides have the same name.
    """
    sides: tuple[tuple[DomainSide, Batch | None], ...] = (("source", source), ("target", target))
    found: dict[str, tuple[DomainSide, Batch]] = {}
    for side, batch in sides:
        for name, view in ({} if batch is None else batch.views).items():
            if name in found:
                raise ValueError(f"views must have names of their own, but both sides have one called {name!r}.")
            found[name] = side, view
    return found


@attrs.frozen(eq=False)
class EncoderInput:
    """What an Encoder gets: the rows of a batch that have its modality.

    Args:
        values: `(B, ...)`.
        lengths: how many steps along the encoder's `time_axis` are each row's own; what follows is padding. None where
            all are, as for every encoder that has no `time_axis`.
        domain_side: the side that the rows come from; an artefact says "target".

    Example:
        >>> from acclimate.framework.encoders import LSTM
        >>> LSTM(in_features=20)(EncoderInput(torch.zeros(2, 50, 20), lengths=torch.tensor([50, 31]))).shape
        torch.Size([2, 64])
    """

    values: Shaped[Tensor, "batch ..."]
    lengths: Int64[Tensor, " batch"] | None = None
    domain_side: DomainSide = "target"


@attrs.frozen(eq=False)
class Outputs:
    """What a model says of a batch.

    Args:
        features: `(B, d_m)` by modality, zero where it is absent, and the joint ones under `JOINT`.
        logits: `(B, C)` by task, then by modality and `JOINT`; zero where a modality is absent.
        task_features: `(B, d)` by task, then by modality: what the task's heads see. The same tensors as `features`,
            unless the model projects them per task.
        intermediate: by modality, what its encoder hands on beside features, by name; under `JOINT`, the Fusion. Those
            that hand on nothing do not stand here.
    """

    features: Mapping[str, Float[Tensor, "batch _"]]
    logits: Mapping[str, Mapping[str, Float[Tensor, "batch _"]]]
    task_features: Mapping[str, Mapping[str, Float[Tensor, "batch _"]]]
    intermediate: Mapping[str, Mapping[str, Intermediate]] = attrs.field(factory=dict)

    def joint_logits(self, task: str) -> Float[Tensor, "batch outputs"]:
        """The fused logits of a task."""
        return self.logits[task][JOINT]


@attrs.frozen(eq=False)
class Lesson:
    """Pseudo-labels of one task for a target batch.

    Args:
        labels: class indices, or numbers for regression.
        teacher: index of the modality that taught each sample, or `JOINT_TEACHER`.
        confidence: higher is surer; comparable within one selector only.
        keep: which samples a loss may use.
        soft: probability of each class, where a loss of logits shall learn these and not `labels`; None elsewhere.
        by_student: what is taught to one student, a modality or `JOINT`, in place of this lesson.

    Example:
        >>> rows, sure = torch.arange(2), torch.ones(2)
        >>> to_all = Lesson(rows, torch.zeros_like(rows), sure, keep=sure > 0)
        >>> lesson = attrs.evolve(to_all, by_student={"audio": attrs.evolve(to_all, labels=rows + 1)})
        >>> lesson.for_student("audio").labels.tolist(), lesson.for_student("video").labels.tolist()
        ([1, 2], [0, 1])
    """

    labels: Shaped[Tensor, " batch"]
    teacher: Int64[Tensor, " batch"]
    confidence: Float[Tensor, " batch"]
    keep: Bool[Tensor, " batch"]
    soft: Float[Tensor, "batch classes"] | None = attrs.field(default=None, kw_only=True)
    by_student: "Mapping[str, Lesson]" = attrs.field(factory=dict, kw_only=True)

    def for_student(self, name: str) -> "Lesson":
        """What a modality's head, or the joint one, is taught: its own lesson, or this one where it has none."""
        return self.by_student.get(name, self)


@attrs.frozen(eq=False)
class Side:
    """A batch, what the model says of it and, on the target, what a selector teaches of it, by task.

    Args:
        batch: where several processes share it, the whole, whose inputs have shapes but no values.
        outputs: of the model.
        lessons: by task.
        run: runs a model on the inputs; a Method sets it.
    """

    batch: Batch
    outputs: Outputs
    lessons: Mapping[str, Lesson] = attrs.field(factory=dict)
    run: Callable[[nn.Module], Outputs] | None = None

    def ask(self, model: nn.Module) -> Outputs:
        """What another model, such as a mean teacher, says of the samples, also where several processes share them.

        Args:
            model: a MultimodalModel of the same modalities and tasks, such as a copy of the one that is trained. It
                runs in the mode that it is in, with gradients where they are on.

        Raises:
            ValueError: if the side was made by hand, and has no `run`.
        """
        if self.run is None:
            raise ValueError("to ask a model, a side that is made by hand must be given run, but has none.")
        return self.run(model)


class Model(Protocol):
    """What parts may know of the model that is trained, a MultimodalModel."""

    def classify(
        self,
        features: Mapping[str, Float[Tensor, "batch _"]],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide = ...,
        intermediate: Mapping[str, Mapping[str, Intermediate]] | None = ...,
    ) -> Outputs:
        """Logits and joint features."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """Its weights: what a moving average follows."""

    def buffers(self) -> Iterator[Tensor]:
        """Its running statistics, and the like."""


@attrs.frozen(eq=False)
class Step:
    """All that a loss may see.

    Args:
        source: labelled side; None in a stage without source.
        target: unlabelled side; None in generalisation and source-only training.
        views: what the model says of the batches' views, by name; a target's have no lessons.
        progress: from 0 at the first step of training to 1 at its end.
        generator: source of random numbers; None means torch's own.
        model: that is trained; None where the step was made by hand, without one.
    """

    source: Side | None = None
    target: Side | None = None
    views: Mapping[str, Side] = attrs.field(factory=dict)
    progress: float = attrs.field(default=0.0, validator=[attrs.validators.ge(0.0), attrs.validators.le(1.0)])
    generator: torch.Generator | None = None
    model: Model | None = None

    @property
    def sides(self) -> Iterator[tuple[DomainSide, Side]]:
        """The sides that are there, with their names."""
        if self.source is not None:
            yield "source", self.source
        if self.target is not None:
            yield "target", self.target

    @property
    def representations(self) -> dict[Representation, Float[Tensor, "batch _"]]:
        """Features by side and modality: what a Balancer differentiates by."""
        return {
            (name, modality): side.outputs.features[modality]
            for name, side in self.sides
            for modality in side.batch.modalities
        }

    def classify(
        self,
        features: Mapping[str, Float[Tensor, "batch _"]],
        present: Bool[Tensor, "batch modality"],
        domain_side: DomainSide = "target",
        intermediate: Mapping[str, Mapping[str, Intermediate]] | None = None,
    ) -> Outputs:
        """What the model's heads and fusion say of features that an Aligner made itself, such as mixtures of samples.

        Gradients reach the features, the heads and the fusion. A `Term` of them still says in `reaches` which
        representations they were made of.

        Args:
            features: `(B, d_m)` for every modality, in place of those of encoders.
            present: which of them count, columns in alphabetical order.
            domain_side: whose samples they pass for, where the fusion treats sides differently.
            intermediate: what else of encoders the fusion reads, by modality and name, see `Outputs`.

        Raises:
            ValueError: if the step was made by hand, and has no `model`.
        """
        if self.model is None:
            raise ValueError("to classify features, a step that is made by hand must be given model, but has none.")
        return self.model.classify(features, present, domain_side, intermediate)


@attrs.frozen(eq=False)
class Term:
    """A loss value.

    Args:
        value: scalar, not weighted.
        weight: what it is multiplied by in the sum.
        reaches: features that its gradient reaches, by which alone a Balancer differentiates; None means all that the
            step has. What is reached and not named is an error at the first step, see `check_reach`.
        gradient: of `value` with respect to representations, where it is known in closed form.
    """

    value: Float[Tensor, ""]
    weight: float = 1.0
    reaches: frozenset[Representation] | None = None
    gradient: Mapping[Representation, Float[Tensor, "batch _"]] | None = None

    @property
    def weighted(self) -> Float[Tensor, ""]:
        """The value times its weight."""
        return self.weight * self.value
