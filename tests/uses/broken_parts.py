"""Fusions, TeacherSelectors and Balancers that break one promise each, and sound ones that they are made of."""

from collections.abc import Mapping
from typing import Final

import attrs
import torch
from acclimate.framework import JOINT_TEACHER, Balancer, Fused, Fusion, Lesson, Outputs, Side, TeacherSelector, Term
from acclimate.framework.testing import BalancerCase, FusionCase, SelectorCase
from torch import Tensor


class Sum(Fusion):
    """The sum of logits."""

    def forward(self, outputs: Outputs, present: Tensor, domain_side: str) -> Fused:
        """Fuse."""
        logits = {task: torch.stack(self.keep(values, present)).sum(dim=0) for task, values in outputs.logits.items()}
        return Fused(torch.cat(self.keep(outputs.features, present), dim=1), logits)

    def keep(self, values: Mapping[str, Tensor], present: Tensor) -> list[Tensor]:
        """Those that are present, zeros elsewhere."""
        return [torch.where(mask.unsqueeze(1), values[name], 0.0) for name, mask in zip(values, present.T, strict=True)]


class Squeezed(Sum):
    """Squeezes logits of regression."""

    def forward(self, outputs: Outputs, present: Tensor, domain_side: str) -> Fused:
        """Fuse."""
        fused = super().forward(outputs, present, domain_side)
        return Fused(fused.features, {task: logits.squeeze(1) for task, logits in fused.logits.items()})


class Whole(Sum):
    """Takes absent rows for data."""

    def keep(self, values: Mapping[str, Tensor], present: Tensor) -> list[Tensor]:
        """All of them."""
        return [*values.values()]


class Relative(Sum):
    """Subtracts the batch's mean in evaluation."""

    def forward(self, outputs: Outputs, present: Tensor, domain_side: str) -> Fused:
        """Fuse."""
        fused = super().forward(outputs, present, domain_side)
        return fused if self.training else Fused(fused.features - fused.features.mean(dim=0), fused.logits)


class Deaf(Sum):
    """Takes the last modality's features alone."""

    def forward(self, outputs: Outputs, present: Tensor, domain_side: str) -> Fused:
        """Fuse."""
        fused = super().forward(outputs, present, domain_side)
        return Fused(self.keep(outputs.features, present)[-1], fused.logits)


class Surest(TeacherSelector):
    """Whatever the joint head says, however sure it is; a number where the task is one."""

    def forward(self, side: Side) -> dict[str, Lesson]:
        """Teach."""
        return {task: self.teach(side, task) for task in side.outputs.logits}

    def teach(self, side: Side, task: str) -> Lesson:
        """One task's lesson."""
        logits = side.outputs.joint_logits(task).detach()
        confidence, classes = logits.softmax(dim=1).max(dim=1)
        labels = classes if logits.shape[1] > 1 else logits[:, 0]
        return Lesson(labels, torch.full_like(classes, JOINT_TEACHER), confidence, confidence > 0)


class Flowing(Surest):
    """Lets a gradient flow through its confidence."""

    def teach(self, side: Side, task: str) -> Lesson:
        """One task's lesson."""
        confidence = side.outputs.joint_logits(task).softmax(dim=1).amax(dim=1)
        return attrs.evolve(super().teach(side, task), confidence=confidence)


class Trusting(Surest):
    """Is as sure as the first modality's head, whether the modality is there or not."""

    def teach(self, side: Side, task: str) -> Lesson:
        """One task's lesson."""
        logits = side.outputs.logits[task][side.batch.modalities[0]].detach()
        return attrs.evolve(super().teach(side, task), confidence=logits.softmax(dim=1).amax(dim=1))


class EverySecond(Surest):
    """Keeps every second row."""

    def teach(self, side: Side, task: str) -> Lesson:
        """One task's lesson."""
        return attrs.evolve(super().teach(side, task), keep=torch.arange(len(side.batch)) % 2 == 0)


class Cheating(Surest):
    """Teaches the labels where there are some."""

    def teach(self, side: Side, task: str) -> Lesson:
        """One task's lesson."""
        lesson = super().teach(side, task)
        return lesson if side.batch.labels is None else attrs.evolve(lesson, labels=side.batch.labels[task])


class Unsummed(Surest):
    """Has probabilities that do not sum to one."""

    def teach(self, side: Side, task: str) -> Lesson:
        """One task's lesson."""
        return attrs.evolve(super().teach(side, task), soft=side.outputs.joint_logits(task).detach().sigmoid())


class Total(Balancer):
    """The weighted sum."""

    def forward(self, terms: Mapping[str, Term], representations: Mapping[tuple[str, str], Tensor]) -> Tensor:
        """Weigh."""
        return sum((term.weighted for term in terms.values()), start=torch.zeros((), dtype=torch.float64))


class Stopping(Total):
    """Lets no gradient of many terms through."""

    def forward(self, terms: Mapping[str, Term], representations: Mapping[tuple[str, str], Tensor]) -> Tensor:
        """Weigh."""
        value = super().forward(terms, representations)
        return value.detach() if len(terms) > 4 else value


class Preferring(Total):
    """Weighs the first term more where there are several."""

    def forward(self, terms: Mapping[str, Term], representations: Mapping[tuple[str, str], Tensor]) -> Tensor:
        """Weigh."""
        value = super().forward(terms, representations)
        return value + next(iter(terms.values())).weighted if len(terms) > 1 else value


class Halving(Total):
    """Halves all."""

    def forward(self, terms: Mapping[str, Term], representations: Mapping[tuple[str, str], Tensor]) -> Tensor:
        """Weigh."""
        return super().forward(terms, representations) / 2


class Offset(Total):
    """Is not zero where there is nothing."""

    def forward(self, terms: Mapping[str, Term], representations: Mapping[tuple[str, str], Tensor]) -> Tensor:
        """Weigh."""
        return super().forward(terms, representations) + (0.0 if terms else 0.5)


FUSIONS: Final[list[tuple[str, FusionCase, str]]] = [
    (
        "shapes",
        FusionCase(Squeezed),
        r"Squeezed: on .* digit, score, the source's logits must be .*'score': \(9,\)",
    ),
    (
        "absent modalities",
        FusionCase(Whole),
        "Whole: its features change when .* stands where a modality is absent: ",
    ),
    ("rows", FusionCase(Relative), "Relative: its features change when row 0 is alone: .* and not "),
    ("every modality", FusionCase(Deaf), "Deaf: no gradient of its features reaches audio on "),
]

SELECTORS: Final[list[tuple[str, SelectorCase, str]]] = [
    (
        "lessons",
        SelectorCase(Flowing),
        "Flowing/digit: its lesson on 'one modality' has confidence that a",
    ),
    (
        "lessons",
        SelectorCase(Unsummed),
        "Unsummed/digit: its lesson on .* has probabilities in soft that do not sum",
    ),
    (
        "absent teachers",
        SelectorCase(Trusting),
        r"Trusting/digit: its lesson is another one when 1e\+06 stands where a modality is absent, in its confidence: ",
    ),
    (
        "lesson order",
        SelectorCase(EverySecond),
        "EverySecond/digit: its lesson is another one with the order of rows, in its keep",
    ),
    (
        "target labels",
        SelectorCase(Cheating),
        "Cheating/digit: its lesson is another one when the target's batch carries labels, in its labels: .* and not ",
    ),
]

BALANCERS: Final[list[tuple[str, BalancerCase, str]]] = [
    ("differentiable", BalancerCase(Stopping), "Stopping: the value of 5 terms has no gradient."),
    ("term order", BalancerCase(Preferring), "Preferring: its value changes with the order of terms: .* and not "),
    (
        "one term",
        BalancerCase(Halving),
        "Halving: a term without a rival must get its weighted value, but gets ",
    ),
    ("no terms", BalancerCase(Offset), "Offset: the value of no terms must be 0, but is 0.5."),
]
