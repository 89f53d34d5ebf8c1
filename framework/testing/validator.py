"""Checks of Validators: a score for each candidate, for which neither order nor the target's labels matter."""

from collections.abc import Sequence
from typing import Final

import torch

from .broken_promise import BrokenPromiseError, Promises, difference
from .edges import make_edges
from .row_changes import GARBAGE, fill
from .rows import Rows
from .scene import Scene
from .validator_case import MadeValidator, ValidatorCase, make_candidate, several

ROUNDING: Final = (1e-4, 1e-5)
"""Tolerances of scores whose sums are taken in another order, in float32."""


def check_scores(case: ValidatorCase) -> None:
    """On all edges that it claims to be for, each candidate has a finite score."""
    validator = case.make()
    for edge, scene in make_edges(dtype=torch.float32).items():
        # A candidate's source is labelled.
        lacking = "source" not in scene.rows or ("target" not in scene.rows and validator.needs_target)
        if lacking or edge.startswith("no labels"):
            continue
        candidates = [make_candidate(one) for one in several(scene, max(2, validator.least_candidates))]
        for task in scene.layout.tasks:
            if task.is_regression and validator.needs_classes:
                continue
            scores = case.scores(candidates, task, f"on {scene}")
            if not torch.tensor(scores).isfinite().all():
                raise BrokenPromiseError(f"{case.name}: its scores on {edge!r} are not finite: {[*scores]}.")


def check_candidate_order(case: ValidatorCase) -> None:
    """Each candidate's score stays its own when candidates come in another order, unless the case draws numbers."""
    scenes = case.scenes()
    if not case.random:
        found = _scores(case, scenes[::-1], "of candidates in reverse")
        _assert_same(case, found, _scores(case, scenes)[::-1], "with the order of candidates")


def check_sample_order(case: ValidatorCase) -> None:
    """The order of samples makes no difference, unless the case draws numbers."""

    def shuffle(rows: Rows) -> Rows:
        # The same order in each candidate.
        return rows.take(torch.randperm(len(rows), generator=torch.Generator().manual_seed(1)))

    if not case.random:
        found = _scores(case, case.scenes(shuffle))
        _assert_same(case, found, _scores(case, case.scenes()), "with the order of samples")


def check_absent_samples(case: ValidatorCase) -> None:
    """What stands where a modality is absent, NaN too, changes no score."""
    expected = _scores(case, case.scenes())
    for garbage in GARBAGE:
        filled = case.scenes(fill(garbage))
        _assert_same(case, _scores(case, filled), expected, f"when {garbage:g} stands where a modality is absent")


def check_unlabelled_target(case: ValidatorCase) -> None:
    """Labels that a target's batch carries by mistake change nothing."""
    found = _scores(case, case.scenes(), target_labels=True)
    _assert_same(case, found, _scores(case, case.scenes()), "when the target's batch carries labels")


def check_same_scores(case: ValidatorCase) -> None:
    """The same candidates have the same scores, bit by bit, however often it is asked."""
    validator, scenes = case.make(), case.scenes()
    candidates, task = [make_candidate(scene) for scene in scenes], scenes[0].layout.tasks[0]
    first, second = (case.scores(candidates, task, "on the same candidates", validator) for _ in range(2))
    if [*first] != [*second]:
        raise BrokenPromiseError(f"{case.name}: its scores are {[*second]} the second time, and were {[*first]}.")


VALIDATOR_PROMISES: Final[Promises[ValidatorCase]] = {
    "scores": check_scores,
    "candidate order": check_candidate_order,
    "sample order": check_sample_order,
    "absent samples": check_absent_samples,
    "target labels": check_unlabelled_target,
    "same scores": check_same_scores,
}
"""What checks each promise of a Validator, by name, in the order in which `check_validator` asks."""


def check_validator(validator: MadeValidator, *, random: bool = False) -> None:
    """Check all that a Validator promises; returns nothing where it keeps it.

    Args:
        validator: the Validator, or what makes it, such as its class.
        random: whether it draws numbers, so that the order of candidates and of samples makes a difference.

    Raises:
        BrokenPromiseError: at the first promise that it breaks, with a sentence that says which, and the numbers.

    Example:
        >>> from acclimate.framework.validators import SoftNeighbourhoodDensity
        >>> check_validator(SoftNeighbourhoodDensity(temperature=0.1))
    """
    case = ValidatorCase(validator, random=random)
    for check in VALIDATOR_PROMISES.values():
        check(case)


def _scores(
    case: ValidatorCase, scenes: Sequence[Scene], where: str = "of candidates", *, target_labels: bool = False
) -> Sequence[float]:
    candidates = [make_candidate(scene, target_labels=target_labels) for scene in scenes]
    return case.scores(candidates, scenes[0].layout.tasks[0], where)


def _assert_same(case: ValidatorCase, found: Sequence[float], expected: Sequence[float], change: str) -> None:
    changed = difference(torch.tensor(found), torch.tensor(expected), ROUNDING)
    if changed:
        raise BrokenPromiseError(f"{case.name}: its scores change {change}: {changed}.")
