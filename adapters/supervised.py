"""Learning from labels on the source and, where asked for, from pseudo-labels on the target."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ..framework.arguments import check_within
from ..framework.batch import Lesson, Side, Step, Term
from ..framework.errors import RecipeError
from ..framework.interfaces import Aligner
from ..framework.layout import JOINT, DomainSide, Layout, Task
from ..framework.tensors.presence import keep_present
from .terms import UNLABELLED, mean_over, reach, term_name

MODALITIES: Final = "modalities"
"""Stands for the heads of all modalities where heads are named."""

_Taught: TypeAlias = tuple[Shaped[Tensor, "batch ..."], Bool[Tensor, " batch"] | None]
"""Labels of a head, and the rows that count; None means all."""


def classification_loss(
    logits: Float[Tensor, "batch classes"],
    labels: Shaped[Tensor, "batch ..."],
    counted: Bool[Tensor, " batch"] | None = None,
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Cross-entropy, mean over the rows that count and have a label (another than -1); 0 where there is none.

    Labels are class indices `(B,)` or probabilities of classes `(B, C)`.

    Example:
        >>> logits = torch.tensor([[0.0, 0.0], [50.0, 0.0]])
        >>> round(classification_loss(logits, torch.tensor([1, -1])).item(), 4)
        0.6931
    """
    losses = cross_entropy(logits, labels, reduction="none", ignore_index=UNLABELLED, label_smoothing=label_smoothing)
    labelled = labels != UNLABELLED if labels.ndim == 1 else torch.ones_like(losses, dtype=torch.bool)
    return mean_over(losses, labelled if counted is None else labelled & counted)


def regression_loss(
    values: Float[Tensor, "batch 1"], labels: Shaped[Tensor, " batch"], counted: Bool[Tensor, " batch"] | None = None
) -> Float[Tensor, ""]:
    """Absolute difference (L1), mean over the rows that count and have a label (not NaN); 0 where there is none.

    Example:
        >>> regression_loss(torch.tensor([[1.0], [5.0]]), torch.tensor([3.0, torch.nan])).item()
        2.0
    """
    labelled = ~labels.isnan()
    # The label is replaced before the difference, so that no NaN enters the gradient.
    differences = (values[:, 0] - torch.where(labelled, labels, 0.0).to(values.dtype)).abs()
    return mean_over(differences, labelled if counted is None else labelled & counted)


def _taught(lesson: Lesson) -> _Taught:
    return lesson.labels if lesson.soft is None else lesson.soft, lesson.keep


class Supervised(Aligner):
    """Cross-entropy for classes, absolute difference for numbers, of chosen heads.

    The terms are `source/<head>` and, of pseudo-labels, `target/<head>`; with several tasks, the task's name stands
    behind. A modality's head learns from the samples that have it. Rows without a label (class -1, number NaN) do not
    count. Pseudo-labels are the kept lessons, a head's own where it has one, soft where these are; the target's labels
    are never looked at.

    Args:
        heads: which heads learn from the source: "joint", names of modalities, or "modalities" for all of these.
        pseudo_heads: which heads learn from the lessons on the target, by the same names; none by default.
        head_weights: the weight of a head's terms, by the same names; 1 where not given. A modality's own name goes
            before "modalities".
        label_smoothing: the share of the label that is spread evenly over all classes.

    Raises:
        ValueError: if an argument breaks its rule.
        RecipeError: when bound, if a head is not one of the model's.

    Example:
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> aligner = Supervised(heads=["joint", "modalities"], head_weights={"modalities": 0.5})
        >>> aligner.bind(make_layout(), {})
        >>> {name: term.weight for name, term in aligner(make_step()).items()}
        {'source/joint': 1.0, 'source/audio': 0.5, 'source/image': 0.5}
    """

    layout: Layout

    def __init__(
        self,
        heads: Sequence[str] = (JOINT,),
        pseudo_heads: Sequence[str] = (),
        head_weights: Mapping[str, float] | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        check_within("[0, 1]", label_smoothing=label_smoothing)
        for head, weight in (head_weights or {}).items():
            if not (math.isfinite(weight) and weight >= 0):
                raise ValueError(f"head_weights must not be negative, but got {weight} for {head!r}.")
        self.heads = tuple(heads)
        self.pseudo_heads = tuple(pseudo_heads)
        self.head_weights = dict(head_weights or {})
        self.label_smoothing = label_smoothing

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks; raises RecipeError where a head's name is unknown."""
        allowed = (JOINT, MODALITIES, *layout.modalities)
        for name in (*self.heads, *self.pseudo_heads, *self.head_weights):
            if name not in allowed:
                raise RecipeError(f"a head must be one of {', '.join(allowed)}, but got {name!r}.")
        self.layout = layout

    def forward(self, step: Step) -> dict[str, Term]:
        """A term per head and task, for the sides that have labels or lessons."""
        terms: dict[str, Term] = {}
        for task in self.layout.tasks:
            if step.source is not None and step.source.batch.labels is not None:
                labels = step.source.batch.labels.get(task.name)
                if labels is not None:
                    terms |= self._terms(
                        "source", step.source, task, dict.fromkeys(self._expand(self.heads), (labels, None))
                    )
            if step.target is not None and task.name in step.target.lessons:
                lesson = step.target.lessons[task.name]
                taught = {head: _taught(lesson.for_student(head)) for head in self._expand(self.pseudo_heads)}
                terms |= self._terms("target", step.target, task, taught)
        return terms

    def _terms(self, domain_side: DomainSide, side: Side, task: Task, taught: Mapping[str, _Taught]) -> dict[str, Term]:
        return {
            term_name(f"{domain_side}/{head}", task, self.layout): Term(
                self._loss(side, task, head, labels, keep),
                self._weight(head),
                reach(domain_side, self.layout) if head == JOINT else frozenset({(domain_side, head)}),
            )
            for head, (labels, keep) in taught.items()
        }

    def _loss(
        self,
        side: Side,
        task: Task,
        head: str,
        labels: Shaped[Tensor, "batch ..."],
        keep: Bool[Tensor, " batch"] | None,
    ) -> Float[Tensor, ""]:
        logits = side.outputs.logits[task.name][head]
        counted = keep
        if head != JOINT:
            present = side.batch.has(head)
            logits = keep_present(logits, present)
            counted = present if keep is None else present & keep
        if task.is_regression:
            return regression_loss(logits, labels, counted)
        return classification_loss(logits, labels, counted, self.label_smoothing)

    def _expand(self, heads: Sequence[str]) -> Iterator[str]:
        for head in heads:
            yield from self.layout.modalities if head == MODALITIES else (head,)

    def _weight(self, head: str) -> float:
        general = 1.0 if head == JOINT else self.head_weights.get(MODALITIES, 1.0)
        return self.head_weights.get(head, general)
