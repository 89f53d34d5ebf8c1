"""Checks of Fusions: joint features and logits of the right shapes, in which absent modalities do not count."""

from collections.abc import Mapping, Set as AbstractSet
from typing import Final

import attrs
import torch
from torch import Tensor

from ..batch import Outputs
from ..interfaces import Fused, Fusion
from ..layout import JOINT, DomainSide, RowShape
from .bound_parts import Made, Parts, bind, name_of
from .broken_promise import BrokenPromiseError, Promises, difference
from .layouts import DIGIT, SCORE
from .made_intermediate import make_intermediate
from .refusals import takes, usual_modalities
from .row_changes import GARBAGE, SCATTERED, drop, fill, take
from .scene import Scene, make_scene

SIDES: Final[tuple[DomainSide, ...]] = ("source", "target")


@attrs.frozen
class FusionCase:
    """A Fusion and what it claims.

    Args:
        fusion: the Fusion, not yet bound, or what makes it, such as its class.
        name: what it is called in sentences; its class's name by default.
        parts: the modules that it takes when it is bound, by name.
        intermediate: the shapes of each row of what it reads of encoders beside features, by name.
        refuses: what its `bind` answers with a RecipeError: names of `make_edges` such as "three modalities".
    """

    fusion: Made[Fusion]
    name: str = attrs.field()
    parts: Parts = attrs.field(factory=dict)
    intermediate: Mapping[str, RowShape] = attrs.field(factory=dict)
    refuses: AbstractSet[str] = frozenset()

    @name.default
    def _class_name(self) -> str:
        return name_of(self.fusion)

    def fused(self, scene: Scene, domain_side: DomainSide = "target", *, training: bool = True) -> Fused:
        """What it makes of one side of a scene.

        Raises:
            BrokenPromiseError: if it raises an error, or answers no Fused.
        """
        side = scene.side(domain_side, labelled=False)
        shapes = dict.fromkeys(scene.layout.modalities, self.intermediate) if self.intermediate else {}
        layout = attrs.evolve(scene.layout, intermediate_shapes=shapes)
        made = make_intermediate(scene.rows[domain_side], self.intermediate) if shapes else {}
        outputs = attrs.evolve(_without_joint(side.outputs), intermediate=made)
        try:
            fusion = bind(self.fusion, layout, self.parts, scene.dtype).part.train(training)
            fused: object = fusion(outputs, side.batch.present, domain_side)
        except Exception as error:
            raise BrokenPromiseError(f"{self.name}: raises {error!r} on {scene}.") from error
        if not isinstance(fused, Fused):
            raise BrokenPromiseError(f"{self.name}: must answer a Fused, but answers {fused!r}.")
        return fused

    def scattered(self) -> Scene:
        """A scene whose rows have different modalities."""
        modalities = usual_modalities(self.refuses)
        return make_scene(modalities).change(drop(SCATTERED[:, :modalities]))


def check_shapes(case: FusionCase) -> None:
    """Joint features and logits have a finite row for each sample, on both sides, whatever the layout."""
    for scene in (make_scene(count, tasks) for count in (1, 2, 3, 4) for tasks in ((DIGIT,), (DIGIT, SCORE))):
        for side in SIDES if takes(scene.layout, case.refuses) else ():
            fused, rows = case.fused(scene, side), len(scene.rows[side])
            expected = {task.name: (rows, task.outputs) for task in scene.layout.tasks}
            found = {task: tuple(logits.shape) for task, logits in fused.logits.items()}
            if found != expected or len(fused.features) != rows:
                shapes = f"{found} and {tuple(fused.features.shape)}"
                raise BrokenPromiseError(
                    f"{case.name}: on {scene}, the {side}'s logits must be of shapes {expected} and the joint features "
                    f"of {rows} rows, but they are of {shapes}."
                )
            for name, values in _named(fused).items():
                if len(values) != rows:
                    raise BrokenPromiseError(f"{case.name}: its {name} are of {len(values)} rows on {scene}.")
                if not values.isfinite().all():
                    raise BrokenPromiseError(f"{case.name}: its {name} are not finite on {scene}.")


def check_absent_modalities(case: FusionCase) -> None:
    """What stands where a modality is absent, NaN too, changes nothing."""
    scene = case.scattered()
    expected = case.fused(scene)
    for garbage in GARBAGE:
        filled = scene.change(fill(garbage))
        _assert_same(case, case.fused(filled), expected, f"when {garbage:g} stands where a modality is absent")


def check_rows_are_independent(case: FusionCase) -> None:
    """In evaluation, a sample's joint features and logits do not depend on its batch."""
    scene = case.scattered()
    together = case.fused(scene, training=False)
    for row in range(len(together.features)):
        alone = case.fused(scene.change(take(torch.tensor([row]))), training=False)
        _assert_same(case, alone, _row_of(together, row), f"when row {row} is alone")


def check_every_modality_counts(case: FusionCase) -> None:
    """Joint features and logits depend on each modality, and their gradient reaches it."""
    counts = [number for number in (2, 3, 4) if takes(make_scene(number).layout, case.refuses)]
    for scene in map(make_scene, counts):
        leaves = {modality: leaf for (side, modality), leaf in scene.leaves.items() if side == "target"}
        fused = case.fused(scene)
        for name, values in _named(attrs.evolve(fused, intermediate={})).items():
            found = torch.autograd.grad(
                values.sin().sum(), list(leaves.values()), retain_graph=True, materialize_grads=True
            )
            for modality, gradient in zip(leaves, found, strict=True):
                if not gradient.any():
                    raise BrokenPromiseError(f"{case.name}: no gradient of its {name} reaches {modality} on {scene}.")


FUSION_PROMISES: Final[Promises[FusionCase]] = {
    "shapes": check_shapes,
    "absent modalities": check_absent_modalities,
    "rows": check_rows_are_independent,
    "every modality": check_every_modality_counts,
}
"""What checks each promise of a Fusion, by name, in the order in which `check_fusion` asks."""


def check_fusion(
    fusion: Made[Fusion],
    *,
    parts: Parts | None = None,
    intermediate: Mapping[str, RowShape] | None = None,
    refuses: AbstractSet[str] = frozenset(),
) -> None:
    """Check all that a Fusion promises; returns nothing where it keeps it.

    Args:
        fusion: the Fusion, not yet bound, or what makes it, such as its class.
        parts: see `FusionCase` for this and what follows.
        intermediate: shapes of what it reads of encoders beside features.
        refuses: layouts that it does not work with.

    Raises:
        BrokenPromiseError: at the first promise that it breaks, with a sentence that says which, and the numbers.

    Example:
        >>> from acclimate.framework import Fused, Fusion
        >>> class Concatenation(Fusion):
        ...     def forward(self, outputs, present, domain_side):
        ...         logits = {task: sum(by_name.values()) for task, by_name in outputs.logits.items()}
        ...         return Fused(torch.cat(list(outputs.features.values()), dim=1), logits)
        >>> check_fusion(Concatenation())
        Traceback (most recent call last):
        ...
        acclimate.framework.testing.broken_promise.BrokenPromiseError: Concatenation: its features change when 1e+06
        stands where a modality is absent: 1e+06 and not 0 at (0, 5), the largest of 30 differences in 105 numbers.
    """
    case = FusionCase(fusion, parts=parts or {}, intermediate=intermediate or {}, refuses=refuses)
    for check in FUSION_PROMISES.values():
        check(case)


def _named(fused: Fused) -> dict[str, Tensor]:
    logits = {f"logits of {task}": values for task, values in fused.logits.items()}
    intermediate = {f"intermediate {name!r}": found.values for name, found in fused.intermediate.items()}
    return {"features": fused.features, **logits, **intermediate}


def _row_of(fused: Fused, row: int) -> Fused:
    return Fused(
        fused.features[[row]],
        {task: logits[[row]] for task, logits in fused.logits.items()},
        {name: found.map(lambda values: values[[row]]) for name, found in fused.intermediate.items()},
    )


def _assert_same(case: FusionCase, found: Fused, expected: Fused, change: str) -> None:
    values = _named(found)
    for name, wanted in _named(expected).items():
        changed = difference(values[name], wanted)
        if changed:
            raise BrokenPromiseError(f"{case.name}: its {name} change {change}: {changed}.")


def _without_joint(outputs: Outputs) -> Outputs:
    def keep(values: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value for name, value in values.items() if name != JOINT}

    return attrs.evolve(
        outputs,
        features=keep(dict(outputs.features)),
        logits={task: keep(dict(by_name)) for task, by_name in outputs.logits.items()},
    )
