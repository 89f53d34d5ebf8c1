"""What Aligners promise of their terms: which there are, and what they depend on and what they do not."""

import torch

from ..batch import Term
from ..errors import RecipeError
from .aligner_case import AlignerCase, Terms, assert_same_terms, gradients
from .broken_promise import BrokenPromiseError, difference
from .edges import make_edges
from .layouts import DIGIT, SCORE, VERB
from .refusals import LAYOUTS
from .row_changes import GARBAGE, SCATTERED, drop, fill
from .rows import Rows
from .scene import Scene, make_scene


def check_bind(case: AlignerCase) -> None:
    """It can be bound to layouts of one to four modalities, of several tasks and of regression, or refuses them."""
    edges = make_edges(case.modalities)
    for name in LAYOUTS:
        try:
            case.bound(edges[name].layout)
        except Exception as error:
            if name not in case.refuses or not isinstance(error, RecipeError):
                hint = f"; where a RecipeError is meant, claim refuses={{{name!r}}}" if name not in case.refuses else ""
                raise BrokenPromiseError(f"{case.name}: bind raises {error!r} on a layout of {name}{hint}.") from error
        else:
            if name in case.refuses:
                raise BrokenPromiseError(f"{case.name}: claims to refuse {name}, but bind raises nothing.")


def check_names(case: AlignerCase) -> None:
    """The terms are those that the case names, for whichever sides are there; where it names none, there are some."""
    modalities = min(2, case.modalities)
    if case.terms is None:
        if not case.terms_of(make_scene(modalities)):
            raise BrokenPromiseError(f"{case.name}: has no term in a step with both sides; claim terms=set() if so.")
        return
    claims = {
        "with both sides": (case.terms, make_scene(modalities)),
        "without a target": (case.without_target, make_scene(modalities, target=None)),
        "for a regression task": (case.regression, make_scene(modalities, tasks=(SCORE,))),
    }
    for where, (claimed, scene) in claims.items():
        found = case.terms_of(scene).keys() if case.takes(scene.layout) else claimed
        if found != claimed:
            raise BrokenPromiseError(
                f"{case.name}: claims the terms {sorted(claimed)} {where}, but has {sorted(found)}."
            )


def check_finite(case: AlignerCase) -> None:
    """On all edges, terms are finite scalars of the graph in the features' dtype, and so are their gradients."""
    for edge, scene in case.edges().items():
        for name, term in case.terms_of(scene).items():
            fault = _fault_of_value(term, scene)
            if fault:
                raise BrokenPromiseError(f"{case.name}/{name}: its value on {edge!r} {fault}.")
            for (side, modality), gradient in gradients(term.value, scene).items():
                if not gradient.isfinite().all():
                    count = f"{int((~gradient.isfinite()).sum())} of {gradient.numel()} numbers"
                    raise BrokenPromiseError(
                        f"{case.name}/{name}: its gradient by ({side}, {modality}) on {edge!r} is not finite: {count}."
                    )


def _fault_of_value(term: Term, scene: Scene) -> str:
    value = term.value
    faults = {
        f"is no scalar, but of shape {tuple(value.shape)}": value.shape != (),
        f"is of {value.dtype}, where the features are of {scene.dtype}": value.dtype != scene.dtype,
        "has no gradient": not value.requires_grad,
        f"is {value.tolist()}": not value.isfinite().all(),
    }
    return next((fault for fault, holds in faults.items() if holds), "")


def check_row_order(case: AlignerCase) -> None:
    """The order of rows within a batch makes no difference, unless the case draws numbers."""
    scene = _scattered(case)
    generator = torch.Generator().manual_seed(1)

    def shuffle(rows: Rows) -> Rows:
        return rows.take(torch.randperm(len(rows), generator=generator))

    if not case.random:
        shuffled = case.terms_of(scene.change(shuffle))
        assert_same_terms(case, shuffled, case.terms_of(scene), "with the order of rows")


def check_absent_rows(case: AlignerCase) -> None:
    """What stands where a modality is absent, NaN too, changes neither value nor gradient, and gets no gradient."""
    scene = _scattered(case)
    expected = case.terms_of(scene)
    for garbage in GARBAGE:
        filled = scene.change(fill(garbage))
        where = f"when {garbage:g} stands where a modality is absent"
        found = case.terms_of(filled)
        assert_same_terms(case, found, expected, where)
        for name, term in found.items():
            before = gradients(expected[name].value, scene)
            for (side, modality), gradient in gradients(term.value, filled).items():
                key = f"{case.name}/{name}: its gradient by ({side}, {modality})"
                changed = difference(gradient, before[side, modality])
                if changed:
                    raise BrokenPromiseError(f"{key} changes {where}: {changed}.")
                rows = filled.rows[side]
                absent = gradient[~rows.present[:, list(rows.features).index(modality)]]
                if absent.any():
                    raise BrokenPromiseError(f"{key} is {absent.abs().max():.4g} in a row that lacks it.")


def check_modality_names(case: AlignerCase) -> None:
    """Exchanged names leave the sum of all terms as it is, if the case claims so; otherwise they change it."""
    scene = _scattered(case)
    names = scene.layout.modalities
    renamed = scene.rename(dict(zip(names, (*names[1:], names[0]), strict=True)))
    changed = difference(_total(case.terms_of(renamed)), _total(case.terms_of(scene)))
    exchange = f"when {', '.join(names)} exchange their names"
    if case.symmetric and changed:
        raise BrokenPromiseError(
            f"{case.name}: the sum of its terms changes {exchange}: {changed}; claim symmetric=False if that is meant."
        )
    if not case.symmetric and not changed:
        raise BrokenPromiseError(f"{case.name}: claims symmetric=False, but nothing changes {exchange}.")


def check_target_labels(case: AlignerCase) -> None:
    """Labels that a target's batch carries by mistake change nothing."""
    for scene in (make_scene(case.modalities, tasks=tasks) for tasks in ((DIGIT,), (DIGIT, SCORE))):
        if case.takes(scene.layout):
            seen = case.terms_of(scene, target_labels=True)
            assert_same_terms(case, seen, case.terms_of(scene), "when the target's batch carries labels")


def check_tasks_are_separate(case: AlignerCase) -> None:
    """With several tasks each has the terms that it has alone, with its name behind; those without a task stay."""
    tasks = tuple(task for task in (DIGIT, VERB, SCORE) if not (task.is_regression and "regression" in case.refuses))
    scene = make_scene(case.modalities, tasks=tasks)
    if not case.takes(scene.layout):
        return
    together = case.terms_of(scene)
    alone: dict[str, Term] = {}
    for task in tasks:
        for name, term in case.terms_of(scene.with_tasks(task)).items():
            alone[name if name in together else f"{name}/{task.name}"] = term
    assert_same_terms(case, together, alone, "when a task stands beside others")


def check_repeatable(case: AlignerCase) -> None:
    """The same step gives the same terms, bit by bit."""
    scene = _scattered(case)
    first, second = case.terms_of(scene), case.terms_of(scene)
    assert_same_terms(case, second, first, "when the same step comes again (numbers are drawn from Step.generator)")
    for name, term in first.items():
        if not torch.equal(term.value, second[name].value):
            raise BrokenPromiseError(
                f"{case.name}/{name}: its value is {second[name].value.item()!r} the second time, and was "
                f"{term.value.item()!r} on the same step: not the same bits."
            )


def check_observe(case: AlignerCase) -> None:
    """Memory moves in `observe` alone, and only in the part: losses of an observed step may be asked for twice."""
    scene = _scattered(case)
    before = {key: leaf.detach().clone() for key, leaf in scene.leaves.items()}
    bound = case.bound(scene.layout)
    first = case.ask(bound, scene)
    for (side, modality), leaf in scene.leaves.items():
        changed = difference(leaf.detach(), before[side, modality])
        if changed:
            raise BrokenPromiseError(f"{case.name}: changes the features of ({side}, {modality}) in place: {changed}.")
    assert_same_terms(
        case, case.ask(bound, scene, observe=False), first, "when losses are asked for twice; memory moves in observe"
    )


def check_measure(case: AlignerCase) -> None:
    """`measure` gives numbers by name, and changes nothing."""
    scene = _scattered(case)
    asked, expected = case.bound(scene.layout), case.bound(scene.layout)
    for bound in (asked, expected):
        case.ask(bound, scene)
    before = {name: values.clone() for name, values in asked.part.state_dict().items()}
    with torch.no_grad():
        numbers: object = asked.part.measure(case.step(scene))
    if not isinstance(numbers, dict) or not all(isinstance(number, int | float) for number in numbers.values()):
        raise BrokenPromiseError(f"{case.name}: measure must give floats by name, but gives {numbers!r}.")
    for name, values in asked.part.state_dict().items():
        changed = difference(values, before[name])
        if changed:
            raise BrokenPromiseError(f"{case.name}: measure must change nothing, but changes {name}: {changed}.")
    assert_same_terms(case, case.ask(asked, scene), case.ask(expected, scene), "when measure is asked before")


def _scattered(case: AlignerCase) -> Scene:
    return make_scene(case.modalities).change(drop(SCATTERED[:, : case.modalities]))


def _total(terms: Terms) -> torch.Tensor:
    return torch.stack([torch.zeros((), dtype=torch.float64), *(term.weighted for term in terms.values())]).sum()
