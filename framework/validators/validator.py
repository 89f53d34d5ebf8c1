"""What scores models on the target without its labels, and what it sees of each. Subclass to add a score."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import attrs
from jaxtyping import Float, Shaped
from torch import Tensor

from ..batch import Batch, Outputs, Side
from ..layout import Task


@attrs.frozen(eq=False)
class TargetInputs:
    """The target's inputs and the model, for scores that ask it of other inputs than the target's own.

    Args:
        rows: reads the rows at some positions of the target, as one batch without labels.
        predict: what the model says of a batch, in evaluation mode, on the CPU, without gradient.
    """

    rows: Callable[[Sequence[int]], Batch]
    predict: Callable[[Batch], Outputs]


@attrs.frozen(eq=False)
class Candidate:
    """What a model says of the rows by which it is judged, in evaluation mode, on the CPU, without gradient.

    Several candidates are models that saw the same rows in the same order. Inputs are left out of both sides.

    Args:
        source: the source's validation rows, labelled.
        target: the whole target, unlabelled, with lessons where the model's method gives any; None without a target.
        inputs: of the target, which nothing reads until a score asks; None where they cannot be had, as of loaders of
            the user's own.
    """

    source: Side
    target: Side | None = None
    inputs: TargetInputs | None = None

    @property
    def both(self) -> tuple[Side, Side]:
        """Source and target.

        Raises:
            ValueError: if there is no target.
        """
        if self.target is None:
            raise ValueError("a candidate must have a target side to be scored on the target, but has none.")
        return self.source, self.target

    def source_labels(self, task: str) -> Shaped[Tensor, " samples"]:
        """Labels of the source's validation rows.

        Raises:
            ValueError: if it has none.
        """
        labels = self.source.batch.labels
        if labels is None:
            raise ValueError("the source side must be labelled, but has no labels.")
        return labels[task]

    def target_logits(self, task: str) -> Float[Tensor, "samples classes"]:
        """The joint logits of the target's rows.

        Raises:
            ValueError: if there is no target.
        """
        return self.both[1].outputs.joint_logits(task)

    def target_probabilities(self, task: str) -> Float[Tensor, "samples classes"]:
        """The softmax of `target_logits`, in double precision."""
        return self.target_logits(task).double().softmax(dim=1)


class Validator(ABC):
    """Says how good models are on the target, without a label of it. Higher is better.

    A recipe names one as `selection.score`, and it scores the model after each epoch. Nothing that it computes or draws
    reaches training: torch's generator is seeded before, and put back behind it.

    A subclass computes what it needs of the sides' labels (source only), logits, features and lessons, and says by its
    attributes when it can be asked.

    Example:
        >>> class Sureness(Validator):
        ...     def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        ...         targets = [target for _, target in (candidate.both for candidate in candidates)]
        ...         logits = [target.outputs.joint_logits(task.name) for target in targets]
        ...         return [found.softmax(dim=1).amax(dim=1).mean().item() for found in logits]
        >>> Sureness().needs_target
        True
    """

    comparable: bool = False
    """Whether values of different runs can be compared: a fall below source-only's then speaks of negative transfer."""

    estimates_accuracy: bool = False
    """Whether its values say how often a model is right on the target, and not only which is better."""

    needs_target: bool = True
    """Whether it looks at the target: it is then asked only where there is one."""

    needs_classes: bool = True
    """Whether it is for classification tasks alone."""

    needs_lessons: bool = False
    """Whether it looks at the target's lessons: it is then asked only after epochs of a stage that teaches."""

    needs_inputs: bool = False
    """Whether it asks the model of other inputs: of a target that a loader of the user's own gives, it cannot."""

    least_candidates: int = 1
    """How many models it compares at least. The epochs of a run are one model each, so a recipe may name 1 only."""

    @abstractmethod
    def score(self, candidates: Sequence[Candidate], task: Task) -> Sequence[float]:
        """A score for each candidate, in their order.

        One that judges each model by itself gives the same score to a candidate whatever the others are; one that seeks
        a consensus looks at all of them.

        Args:
            candidates: what each model says, all on the same rows.
            task: that is scored; several tasks are scored one by one.
        """


class EachAlone(Validator):
    """A Validator that judges each model by itself; subclass it and write `score_one`.

    Example:
        >>> class Sureness(EachAlone):
        ...     def score_one(self, candidate: Candidate, task: Task) -> float:
        ...         return candidate.target_probabilities(task.name).amax(dim=1).mean().item()
        >>> Sureness().least_candidates
        1
    """

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """Of each by itself."""
        return [self.score_one(candidate, task) for candidate in candidates]

    @abstractmethod
    def score_one(self, candidate: Candidate, task: Task) -> float:
        """Of one model.

        Args:
            candidate: what it says.
            task: that is scored.
        """
