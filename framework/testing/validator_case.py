"""A Validator, and candidates for it to score."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import attrs
import torch
from torch import Tensor

from ..batch import Batch, Outputs, Side
from ..layout import DomainSide, Task
from ..tensors.seeded import seeded
from ..validators.validator import Candidate, TargetInputs, Validator
from .broken_promise import BrokenPromiseError
from .layouts import DIGIT, SCORE
from .row_changes import SCATTERED, drop
from .rows import Rows
from .scene import Scene, make_scene
from .tiny_model import make_model

MadeValidator: TypeAlias = Validator | Callable[[], Validator]
"""A Validator, or what makes one, such as its class."""


@attrs.frozen
class ValidatorCase:
    """A Validator.

    Args:
        validator: the Validator, or what makes it, such as its class.
        name: what it is called in sentences; its class's name by default.
        random: whether it draws numbers, so that the order of candidates and of samples makes a difference.
    """

    validator: MadeValidator
    name: str = attrs.field()
    random: bool = False

    @name.default
    def _class_name(self) -> str:
        return type(self.make()).__name__

    def make(self) -> Validator:
        """A Validator that has scored nothing."""
        return copy.deepcopy(self.validator) if isinstance(self.validator, Validator) else self.validator()

    def scores(
        self, candidates: Sequence[Candidate], task: Task, where: str, validator: Validator | None = None
    ) -> Sequence[float]:
        """What it says of candidates, with torch's generator in the same state at each call.

        Raises:
            BrokenPromiseError: if it raises an error, or answers anything but a float for each candidate.
        """
        with seeded(0):
            try:
                scores: object = (validator or self.make()).score(candidates, task)
            except Exception as error:
                raise BrokenPromiseError(f"{self.name}: raises {error!r} {where}.") from error
        if (
            not isinstance(scores, Sequence)
            or len(scores) != len(candidates)
            or not all(isinstance(score, float) for score in scores)
        ):
            raise BrokenPromiseError(
                f"{self.name}: must answer a float for each of {len(candidates)} candidates, but answers {scores!r}."
            )
        return scores

    def scenes(self, change: Callable[[Rows], Rows] = lambda rows: rows) -> list[Scene]:
        """What as many models as it needs, and two at least, say of the same rows, which have different modalities."""
        task = DIGIT if self.make().needs_classes else SCORE
        first = make_scene(tasks=(task,), dtype=torch.float32).change(drop(SCATTERED))
        return [scene.change(change) for scene in several(first, max(2, self.make().least_candidates))]


def several(first: Scene, count: int) -> list[Scene]:
    """A scene, and others in which other models say something of the same rows."""
    return [first, *(first.change(partial(_disturbed, seed=seed)) for seed in range(1, count))]


def _disturbed(rows: Rows, seed: int) -> Rows:
    generator = torch.Generator().manual_seed(seed)
    features = {
        name: values.detach() + seed * torch.randn(values.shape, generator=generator, dtype=values.dtype)
        for name, values in rows.features.items()
    }
    return attrs.evolve(rows, features=features)


def make_candidate(scene: Scene, *, target_labels: bool = False) -> Candidate:
    """What a model says of a scene, without gradient.

    Args:
        scene: the rows, and the model.
        target_labels: whether the target's batch carries labels, which it must not.

    Example:
        >>> make_candidate(make_scene(2)).both[1].outputs.joint_logits("digit").requires_grad
        False
    """

    def side(name: DomainSide, *, labelled: bool) -> Side:
        found = scene.side(name, labelled=labelled)
        outputs = found.outputs
        whole = Outputs(
            features=_detached(outputs.features),
            logits={task: _detached(values) for task, values in outputs.logits.items()},
            task_features={task: _detached(values) for task, values in outputs.task_features.items()},
        )
        return Side(found.batch, whole, found.lessons)

    if "target" not in scene.rows:
        return Candidate(side("source", labelled=True))
    return Candidate(side("source", labelled=True), side("target", labelled=target_labels), _inputs(scene))


def _inputs(scene: Scene) -> TargetInputs:
    batch, inputs = scene.side("target", labelled=False).batch, scene.rows["target"].inputs
    model = make_model(scene.layout, scene.heads).to(scene.dtype)

    def rows(positions: Sequence[int]) -> Batch:
        chosen = torch.tensor(list(positions), dtype=torch.int64)
        return Batch(
            inputs={name: values[chosen] for name, values in inputs.items()},
            present=batch.present[chosen],
            domain=batch.domain[chosen],
            index=batch.index[chosen],
            ids=tuple(batch.ids[position] for position in positions),
        )

    @torch.no_grad()
    def predict(batch: Batch) -> Outputs:
        found: Outputs = model(batch.inputs, batch.present, "target")
        return found

    return TargetInputs(rows, predict)


def _detached(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach() for name, value in values.items()}
