"""What Aligners promise of their terms' gradients: which features they reach, and that they are right."""

import torch

from ..batch import Representation
from .aligner_case import AlignerCase, gradients
from .broken_promise import BrokenPromiseError, difference
from .row_changes import drop
from .scene import Scene, make_scene

STEP = 1e-6
"""How far features are moved for finite differences."""


def check_reach(case: AlignerCase) -> None:
    """A term's gradient reaches the features that `Term.reaches` names, and no others."""
    scene = make_scene(case.modalities)
    for name, term in case.terms_of(scene).items():
        largest = {key: gradient.abs().max().item() for key, gradient in gradients(term.value, scene).items()}
        reached = {key for key, size in largest.items() if size > 0}
        declared = frozenset(scene.leaves) if term.reaches is None else term.reaches
        for side, modality in sorted(reached - declared):
            raise BrokenPromiseError(
                f"{case.name}/{name}: its gradient reaches ({side}, {modality}), which Term.reaches does not name: "
                f"largest entry {largest[side, modality]:.4g}."
            )
        for side, modality in sorted(declared - reached):
            names = "names" if term.reaches is not None else "names, being None"
            raise BrokenPromiseError(
                f"{case.name}/{name}: its gradient does not reach ({side}, {modality}), which Term.reaches {names}; it "
                f"reaches {', '.join(f'({side}, {modality})' for side, modality in sorted(reached)) or 'nothing'}."
            )


def check_closed_form(case: AlignerCase) -> None:
    """Where a term brings its gradient, it is the one that differentiation gives."""
    scene = make_scene(case.modalities)
    for name, term in case.terms_of(scene).items():
        for (side, modality), gradient in (term.gradient or {}).items():
            wrong = difference(gradient, gradients(term.value, scene)[side, modality])
            if wrong:
                raise BrokenPromiseError(
                    f"{case.name}/{name}: Term.gradient by ({side}, {modality}) is not what differentiation gives: "
                    f"{wrong}."
                )


def check_gradient(case: AlignerCase) -> None:
    """The gradient by what a term reaches is the one of finite differences, times `gradient_sign`."""
    if case.gradient_sign is None:
        return
    present = torch.tensor([[True, True], [True, False], [True, True]])
    scene = make_scene(2, source=5, target=4).change(drop(present))
    if not case.takes(scene.layout):
        scene = make_scene(case.modalities, source=5, target=4)
    found = {name: gradients(term.value, scene) for name, term in case.terms_of(scene).items()}
    generator = torch.Generator().manual_seed(2)
    for representation, leaf in scene.leaves.items():
        direction = torch.randn(leaf.shape, generator=generator, dtype=leaf.dtype)
        for name, slope in _slopes(case, scene, representation, direction).items():
            along = (found[name][representation] * direction).sum()
            wrong = difference(along, case.gradient_sign * slope, (1e-5, 1e-7))
            if wrong:
                raise BrokenPromiseError(
                    f"{case.name}/{name}: its gradient by {_text(representation)}, along a random direction, is not "
                    f"{case.gradient_sign:g} times what finite differences give: {wrong}; claim gradient_sign if a "
                    "gradient is reversed, or a number held constant, on purpose."
                )


def _slopes(
    case: AlignerCase, scene: Scene, representation: Representation, direction: torch.Tensor
) -> dict[str, torch.Tensor]:
    """By finite differences, of the terms that say to reach a representation."""
    leaf, moved = scene.leaves[representation], []
    for sign in (1.0, -1.0):
        bound = case.bound(scene.layout)
        # What was observed is constant, though it was made of the same features.
        bound.observe(case.step(scene))
        with torch.no_grad():
            leaf.add_(sign * STEP * direction)
            moved.append(case.ask(bound, scene, observe=False))
            leaf.sub_(sign * STEP * direction)
    # A value may depend on features that get no gradient: those of a teacher.
    return {
        name: (term.value - moved[1][name].value) / (2 * STEP)
        for name, term in moved[0].items()
        if term.reaches is None or representation in term.reaches
    }


def _text(representation: Representation) -> str:
    return f"({representation[0]}, {representation[1]})"
