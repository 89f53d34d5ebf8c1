"""An Aligner and what its author claims of it."""

from collections.abc import Mapping, Set as AbstractSet
from typing import TypeAlias

import attrs
import torch
from jaxtyping import Float
from torch import Tensor

from ..batch import Representation, Step, Term
from ..interfaces import Aligner
from ..layout import DomainSide, Layout
from .bound_parts import Bound, Made, Parts, bind, name_of
from .broken_promise import BrokenPromiseError, difference
from .edges import make_edges
from .refusals import takes, usual_modalities
from .scene import Scene

Terms: TypeAlias = Mapping[str, Term]


@attrs.frozen
class AlignerCase:
    """An Aligner and what it claims; what is left out is what an ordinary one does.

    Args:
        aligner: the Aligner, not yet bound, or what makes it, such as its class.
        name: what it is called in sentences; its class's name by default.
        terms: names of its terms on two modalities and the task `DIGIT`, with both sides; None looks at no names.
        without_target: names of the terms that it still has without a target; looked at where `terms` are given.
        regression: names of the terms that it has for a regression task alone; looked at where `terms` are given.
        symmetric: whether the sum of its terms stays when the modalities exchange their names; not where it has weights
            for each modality, or knows one of them by name.
        gradient_sign: what the features get of the value's gradient: -1 behind gradient reversal; None where a number
            that depends on the features is held constant, such as a kernel's bandwidth.
        random: whether it draws numbers, so that the order of rows makes a difference.
        parts: the modules that it takes when it is bound, by name.
        views: the names of the views that it looks at, and whose samples they are.
        refuses: what its `bind` answers with a RecipeError: names of `make_edges` such as "three modalities", "two
            tasks" or "regression".

    Example:
        >>> from acclimate.framework import Aligner, Term
        >>> class Size(Aligner):
        ...     def forward(self, step):
        ...         return {"size": Term(step.source.outputs.features["audio"].square().sum())}
        >>> from acclimate.framework.testing import make_scene
        >>> AlignerCase(Size).terms_of(make_scene(2)).keys()
        dict_keys(['size'])
    """

    aligner: Made[Aligner]
    name: str = attrs.field()
    terms: AbstractSet[str] | None = None
    without_target: AbstractSet[str] = frozenset()
    regression: AbstractSet[str] = frozenset()
    symmetric: bool = True
    gradient_sign: float | None = 1.0
    random: bool = False
    parts: Parts = attrs.field(factory=dict)
    views: Mapping[str, DomainSide] = attrs.field(factory=dict)
    refuses: AbstractSet[str] = frozenset()

    @name.default
    def _class_name(self) -> str:
        return name_of(self.aligner)

    @property
    def modalities(self) -> int:
        """How many modalities it is tried on where the number does not matter: three, or two where it refuses three."""
        return usual_modalities(self.refuses)

    def takes(self, layout: Layout) -> bool:
        """Whether it claims to work with a layout."""
        return takes(layout, self.refuses)

    def edges(self) -> dict[str, Scene]:
        """The edges whose layouts it claims to work with."""
        return {name: scene for name, scene in make_edges(self.modalities).items() if self.takes(scene.layout)}

    def bound(self, layout: Layout, dtype: torch.dtype = torch.float64) -> Bound[Aligner]:
        """An Aligner of its own, bound, with the same weights at each call."""
        return bind(self.aligner, layout, self.parts, dtype)

    def step(self, scene: Scene, *, target_labels: bool = False) -> Step:
        """A step of the scene, with the views that it looks at."""
        return attrs.evolve(scene, views=self.views).step(target_labels=target_labels)

    def terms_of(self, scene: Scene, *, target_labels: bool = False) -> Terms:
        """Its terms on a scene, by an Aligner that has seen nothing else."""
        return self.ask(self.bound(scene.layout, scene.dtype), scene, target_labels=target_labels)

    def ask(self, bound: Bound[Aligner], scene: Scene, *, target_labels: bool = False, observe: bool = True) -> Terms:
        """The terms that an Aligner bound before has on a scene, in a step of training.

        Args:
            bound: the Aligner.
            scene: of which a step is made.
            target_labels: whether the target's batch carries labels, which it must not.
            observe: whether parts observe the step first.

        Raises:
            BrokenPromiseError: if it raises an error, or answers anything but Terms by name.
        """
        step = self.step(scene, target_labels=target_labels)
        try:
            if observe:
                bound.observe(step)
            terms: object = bound.part(step)
        except Exception as error:
            raise BrokenPromiseError(f"{self.name}: raises {error!r} on {scene}.") from error
        if not isinstance(terms, Mapping) or not all(isinstance(term, Term) for term in terms.values()):
            raise BrokenPromiseError(f"{self.name}: must answer a dict of Terms by name, but answers {terms!r}.")
        return terms


def assert_same_terms(case: AlignerCase, found: Terms, expected: Terms, change: str) -> None:
    """Names, values and weights are the same.

    Args:
        case: whose terms they are.
        found: the terms after a change.
        expected: the terms before.
        change: what must change nothing, to go behind "its value changes".
    """
    if found.keys() != expected.keys():
        raise BrokenPromiseError(f"{case.name}: its terms change {change}: {sorted(found)} and not {sorted(expected)}.")
    for name, term in expected.items():
        values = difference(found[name].value, term.value)
        if values:
            raise BrokenPromiseError(f"{case.name}/{name}: its value changes {change}: {values}.")
        if found[name].weight != term.weight:
            weights = f"{found[name].weight} and not {term.weight}"
            raise BrokenPromiseError(f"{case.name}/{name}: its weight changes {change}: {weights}.")


def gradients(value: Float[Tensor, ""], scene: Scene) -> dict[Representation, Float[Tensor, "_ width"]]:
    """Of a value by the features that a scene's steps are computed from; zero where it does not depend on them."""
    leaves = scene.leaves
    if not value.requires_grad:
        return {representation: torch.zeros_like(leaf) for representation, leaf in leaves.items()}
    found = torch.autograd.grad(value, list(leaves.values()), retain_graph=True, materialize_grads=True)
    return dict(zip(leaves, found, strict=True))
