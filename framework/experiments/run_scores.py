"""All scores without labels of finished runs of one shift and, where the target has labels, what each was worth."""

import math
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import attrs

from ..data.label_encoding import UNKNOWN_CLASS, encode_labels
from ..errors import DataError, RunError
from ..evaluation.rank_study import RankStudy, study_score
from ..layout import Task
from ..recipes.class_paths import instantiate
from ..recipes.class_spec import ClassSpec
from ..recipes.selection import VALIDATORS
from ..training.selection import can_score, seeded
from ..validators import Validator
from .candidates import ObservedRuns

_SETTINGS: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "dawid_skene_corrected": {"corrected": True},
        "dawid_skene_modalities": {"heads": "modalities"},
        "dawid_skene_both": {"heads": "both"},
    }
)
"""Of Dawid and Skene's."""

ALL: Final[Mapping[str, ClassSpec]] = MappingProxyType(
    {name: ClassSpec(path) for name, path in VALIDATORS.items()}
    | {name: ClassSpec(VALIDATORS["dawid_skene"], arguments) for name, arguments in _SETTINGS.items()}
)
"""The scores that there are by short name, and three more settings of Dawid and Skene's."""


@attrs.frozen
class ScoredRuns:
    """Scores of the runs of one shift, for one task.

    Args:
        task: its name.
        scores: by score, of each run.
        seconds: by score, how long it took for all runs.
        left_out: by score, why it was not asked.
        accuracies: of each run on the target's rows (oracle); None without labels.
        studies: by score, how well it would have chosen (oracle); empty without labels.
    """

    task: str
    scores: Mapping[str, Sequence[float]]
    seconds: Mapping[str, float]
    left_out: Mapping[str, str]
    accuracies: Sequence[float] | None = None
    studies: Mapping[str, RankStudy] = attrs.field(factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain data; what took labels of the target stands under "oracle"."""
        found: dict[str, Any] = {
            "task": self.task,
            "scores": {name: list(values) for name, values in self.scores.items()},
            "seconds": dict(self.seconds),
            "left_out": dict(self.left_out),
        }
        if self.accuracies is not None:
            studies = {name: attrs.asdict(study) for name, study in self.studies.items()}
            found["oracle"] = {"accuracies": list(self.accuracies), "studies": studies}
        return found


def make_scores(names: Sequence[str]) -> dict[str, Validator]:
    """Validators by the names that they were asked by.

    Args:
        names: short names of `ALL`, import paths, or "all".

    Raises:
        RecipeError: if one cannot be made.
        RunError: if a name is none of these.
    """
    asked = dict.fromkeys(one for name in names for one in (ALL if name == "all" else (name,)))
    for name in asked:
        if name not in ALL and "." not in name:
            raise RunError(f"a score must be one of all, {', '.join(ALL)}, or an import path, but got {name!r}")
    return {name: instantiate(Validator, ALL.get(name, ClassSpec(name)), name) for name in asked}


def score_runs(observed: ObservedRuns, validators: Mapping[str, Validator], task: Task) -> ScoredRuns:
    """Ask Validators about runs; those that cannot be asked are left out, with the reason.

    Args:
        observed: what the runs say.
        validators: by name.
        task: that is scored.
    """
    scores: dict[str, list[float]] = {}
    seconds: dict[str, float] = {}
    left_out: dict[str, str] = {}
    for name, validator in validators.items():
        reason = _find_reason(observed, validator, task)
        if reason is None:
            started = time.perf_counter()
            try:
                found = [float(value) for value in seeded(validator, observed.candidates, task)]
            except RunError as error:
                reason = str(error)
            else:
                seconds[name] = time.perf_counter() - started
                wrong = [value for value in found if not math.isfinite(value)]
                if wrong:
                    reason = f"its values must be finite, but one is {wrong[0]}"
                else:
                    scores[name] = found
        if reason is not None:
            left_out[name] = reason
    return ScoredRuns(task.name, scores, seconds, left_out)


def add_study(scored: ScoredRuns, observed: ObservedRuns, validators: Mapping[str, Validator]) -> ScoredRuns:
    """Hold scores against the labels that the target's rows have, where all have one; the scores stay what they are.

    Args:
        scored: what the scores are.
        observed: the same runs.
        validators: by name.
    """
    (task,) = (task for task in observed.tasks if task.name == scored.task)
    accuracies = find_accuracies(observed, task)
    if accuracies is None:
        return scored
    studies = {
        name: study_score(values, accuracies, estimates=validators[name].estimates_accuracy)
        for name, values in scored.scores.items()
    }
    return attrs.evolve(scored, accuracies=accuracies, studies=studies)


def find_accuracies(observed: ObservedRuns, task: Task) -> list[float] | None:
    """Accuracy of each run on the target's rows (oracle); None where a row has no label, or for a regression.

    Rows of classes that the models do not know are left out.
    """
    if task.is_regression:
        return None
    try:
        labels = encode_labels(observed.target, [task], unknown_classes=True)[task.name]
    except DataError:
        return None
    known = labels != UNKNOWN_CLASS
    if not known.any():
        return None
    predicted = [candidate.target_logits(task.name).argmax(dim=1).numpy() for candidate in observed.candidates]
    return [float((found[known] == labels[known]).mean()) for found in predicted]


def _find_reason(observed: ObservedRuns, validator: Validator, task: Task) -> str | None:
    """Why a Validator is not asked."""
    if len(observed.candidates) < validator.least_candidates:
        return f"it compares at least {validator.least_candidates} runs"
    if validator.needs_classes and task.is_regression:
        return "it is for classes"
    if not can_score(validator, observed.candidates[0], task):
        return "it looks at lessons, which finished runs do not give"
    return None
