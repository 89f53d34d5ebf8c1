"""Choosing a checkpoint without target labels: which Validators a run asks, and the rule that picks."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from ..errors import RecipeError, RunError
from ..layout import Task
from ..recipes.class_paths import import_class, instantiate
from ..recipes.class_spec import ClassSpec
from ..recipes.selection import OF_EVERY_RUN, VALIDATORS, Selection
from ..validators import Candidate, Validator

if TYPE_CHECKING:
    from .monitor import Record


def make_validators(selection: Selection, name: str) -> dict[str, Validator]:
    """The Validators of a run by name: those that every run asks, and those of its recipe's own.

    Args:
        selection: of the run's recipe.
        name: of the recipe, for errors.

    Raises:
        RecipeError: if one of its own cannot be made, or compares several models.

    Example:
        >>> list(make_validators(Selection("source_accuracy"), "recipe"))
        ['information_maximisation', 'modality_agreement', 'soft_neighbourhood_density']
    """
    found = {
        asked: instantiate(Validator, spec, f"{name}: selection: {asked}") for asked, spec in _specs(selection).items()
    }
    for asked, own in found.items():
        if own.least_candidates > 1:
            raise RecipeError(
                f"{name}: selection: {asked} compares at least {own.least_candidates} models, but an epoch of a run is "
                "one"
            )
    return found


def comparable_scores(selection: Selection) -> frozenset[str]:
    """Names of the scores of a run whose fall below source-only's speaks of negative transfer.

    One whose class is not at hand is left out.

    Args:
        selection: of the run's recipe.

    Example:
        >>> sorted(comparable_scores(Selection("source_accuracy")))
        ['information_maximisation', 'modality_agreement']
    """
    return frozenset(name for name, spec in _specs(selection).items() if _is_comparable(spec))


def _specs(selection: Selection) -> dict[str, ClassSpec]:
    return {short: ClassSpec(VALIDATORS[short]) for short in OF_EVERY_RUN} | selection.own


def _is_comparable(spec: ClassSpec) -> bool:
    try:
        found = import_class(spec, "selection.score")
    except RecipeError:
        return False
    return issubclass(found, Validator) and found.comparable


def validate(validators: Mapping[str, Validator], candidate: Candidate, tasks: Sequence[Task]) -> dict[str, float]:
    """What each Validator says of a model, the mean over its tasks; those that cannot be asked are left out.

    Torch's generator is seeded before and put back behind: what they draw leaves training as it is.

    Args:
        validators: by name.
        candidate: what the model says.
        tasks: of the model.

    Raises:
        RunError: if a score is not a finite number.
    """
    scores = {
        name: [float(*seeded(validator, [candidate], task)) for task in tasks if can_score(validator, candidate, task)]
        for name, validator in validators.items()
    }
    for name, found in scores.items():
        if not all(map(math.isfinite, found)):
            raise RunError(f"selection: {name} must be a finite number, but is {found[0]}")
    return {name: sum(found) / len(found) for name, found in scores.items() if found}


def seeded(validator: Validator, candidates: Sequence[Candidate], task: Task) -> Sequence[float]:
    """What a Validator says of candidates, with torch's generator seeded before and put back behind.

    Args:
        validator: to ask.
        candidates: what the models say.
        task: that is scored.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.default_generator.manual_seed(0)
        return validator.score(candidates, task)


def can_score(validator: Validator, candidate: Candidate, task: Task) -> bool:
    """Whether a Validator can be asked about a model.

    Args:
        validator: to ask.
        candidate: what the model says.
        task: to be scored.

    Raises:
        RunError: if it asks the model of other inputs, and the target's cannot be had.
    """
    if validator.needs_inputs and candidate.target is not None and candidate.inputs is None:
        raise RunError(
            f"selection: {type(validator).__name__} asks the model of other inputs than the target's, which batches of "
            "one's own do not give: train on a table, or choose by another score"
        )
    lessons = {} if candidate.target is None else candidate.target.lessons
    return not (
        (validator.needs_target and candidate.target is None)
        or (validator.needs_classes and task.is_regression)
        or (validator.needs_lessons and task.name not in lessons)
    )


def newest_is_best(history: Sequence["Record"], kept: int, selection: Selection) -> bool:
    """Whether the newest checkpoint should replace the one that is kept.

    It should if its source score is within the tolerance of the best so far, and either the kept one's is not or its
    score by the selection's Validator is higher. Where neither has such a score, as without a target, or where it is
    `source_accuracy`, it should if its source score is higher; where one of them has none, as of a stage that does not
    teach, the other one stays.

    Args:
        history: records of all checkpoints so far.
        kept: position of the one that is kept.
        selection: the rule's numbers.
    """
    newest, old = history[-1], history[kept]
    if len(history) == 1:
        return True
    if selection.name not in newest.target:
        return selection.name not in old.target and newest.source_score > old.source_score
    floor = max(record.source_score for record in history) - selection.tolerance
    if newest.source_score < floor:
        return False
    return old.source_score < floor or newest.target[selection.name] > old.target.get(selection.name, -math.inf)
