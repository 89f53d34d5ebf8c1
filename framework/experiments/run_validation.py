"""Scores without labels of finished runs, shift by shift: what `acclimate validate` stores and prints."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import attrs

from ..data import Table
from ..errors import RunError
from ..layout import Task
from ..runs.run_folder import RunFolder
from ..training.selection import validate
from ..validators import InformationMaximisation
from .candidates import ObservedRuns, observe_runs
from .negative_transfer import Gain, estimate_gain, find_harm
from .run_scores import ScoredRuns, add_study, make_scores, score_runs

BASELINE: Final = "source-only"
"""The recipe that gains are over."""


@attrs.frozen
class ValidatedShift:
    """The runs of one shift and seed, with their scores.

    Args:
        table: that they were trained on, by its name in the first run.
        source: domains.
        target: domain.
        seed: of the runs.
        runs: their folders.
        recipes: what each trained.
        rows: how many of the source's validation rows and of the target's training rows were looked at.
        tasks: the scores, task by task.
        gains: of each run over source-only, estimated by the consensus of all runs, task by task; None for source-only
            itself, and empty where it is not among the runs.
        harm: of each run, why it may be worse than source-only, in words.
    """

    table: str
    source: tuple[str, ...]
    target: str
    seed: int
    runs: tuple[Path, ...]
    recipes: tuple[str, ...]
    rows: tuple[int, int]
    tasks: tuple[ScoredRuns, ...]
    gains: tuple[tuple[Gain, ...] | None, ...] = ()
    harm: tuple[tuple[str, ...], ...] = ()

    @property
    def title(self) -> str:
        """What tables call it."""
        return f"{self.table}: {'+'.join(self.source)} -> {self.target}, seed {self.seed}"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "data": {"table": self.table, "source": list(self.source), "target": self.target, "seed": self.seed},
            "runs": [{"path": str(path), "recipe": name} for path, name in zip(self.runs, self.recipes, strict=True)],
            "rows": {"source": self.rows[0], "target": self.rows[1]},
            "tasks": [scored.to_json() for scored in self.tasks],
            "estimated_gains": [None if found is None else [gain.to_json() for gain in found] for found in self.gains],
            "harm": [list(found) for found in self.harm],
        }


@attrs.frozen
class Summary:
    """What choosing by a score would have meant over several shifts (oracle).

    Args:
        shifts: in which it could be asked.
        spearman: mean rank correlation; None where it never was one.
        mean_regret: accuracy that is lost to the best candidate, mean.
        worst_regret: in the worst shift.
        error: mean distance from the accuracy; None where it does not estimate it.
    """

    shifts: int
    spearman: float | None
    mean_regret: float
    worst_regret: float
    error: float | None


def validate_runs(
    runs: Sequence[Path], scores: Sequence[str] = ("all",), data: str | Table | None = None, *, oracle: bool = True
) -> Iterator[ValidatedShift]:
    """Score runs without labels, those of one shift and seed together, which must have kept the same rows.

    Args:
        runs: run folders.
        scores: short names of Validators, import paths, or "all".
        data: table, or name or path of one; None means the one that each was trained on.
        oracle: whether labels of the target may be looked at, after all is scored, to say what each score was worth.

    Raises:
        RunError: if a folder holds no run, or a score is not known.
        RecipeError: if a score cannot be made.
        DataError: if rows are missing or cannot be read.
    """
    validators = make_scores(scores)
    for group in group_runs(runs):
        observed = observe_runs(group, data)
        found = [score_runs(observed, validators, task) for task in observed.tasks]
        if oracle:
            found = [add_study(scored, observed, validators) for scored in found]
        configs = [RunFolder.open(path).config() for path in group]
        shift = configs[0]["data"]
        recipes = tuple(str(config["recipe"]["name"]) for config in configs)
        gains = _find_gains(observed, recipes)
        yield ValidatedShift(
            table=str(shift["table"]),
            source=tuple(shift["source"]),
            target=str(shift["target"]),
            seed=int(configs[0]["seed"]),
            runs=tuple(group),
            recipes=recipes,
            rows=(len(observed.source), len(observed.target)),
            tasks=tuple(found),
            gains=gains,
            harm=_find_harm(observed, recipes, gains),
        )


def _find_gains(observed: ObservedRuns, recipes: Sequence[str]) -> tuple[tuple[Gain, ...] | None, ...]:
    if BASELINE not in recipes:
        return ()
    baseline, groups = recipes.index(BASELINE), observed.target.field("group")
    sides = [candidate.both[1] for candidate in observed.candidates]
    tasks = [task for task in observed.tasks if not task.is_regression]

    def gain(position: int, task: Task) -> Gain:
        others = [side for other, side in enumerate(sides) if other not in (position, baseline)]
        return estimate_gain(sides[position], sides[baseline], task, groups, others=others)

    return tuple(
        None if position == baseline else tuple(gain(position, task) for task in tasks)
        for position in range(len(sides))
    )


def _find_harm(
    observed: ObservedRuns, recipes: Sequence[str], gains: Sequence[tuple[Gain, ...] | None]
) -> tuple[tuple[str, ...], ...]:
    if not gains:
        return ()
    validators = {"information_maximisation": InformationMaximisation()}
    scores = [validate(validators, candidate, observed.tasks) for candidate in observed.candidates]
    reference = scores[recipes.index(BASELINE)]
    return tuple(
        () if found is None else find_harm(found, own, reference) for found, own in zip(gains, scores, strict=True)
    )


def group_runs(runs: Sequence[Path]) -> list[list[Path]]:
    """Runs of the same table, source, target and seed together, in the order of the first of each.

    Raises:
        RunError: if a folder holds no run of a table, or is given twice.
    """
    groups: dict[object, list[Path]] = {}
    for path in runs:
        config = RunFolder.open(path).config()
        data = config.get("data")
        if not isinstance(data, Mapping) or "seed" not in config or not {"table", "source", "target"} <= data.keys():
            raise RunError(f"{path}: config.yaml must name data.table, data.source, data.target and seed")
        key = (data.get("digest", data["table"]), tuple(data["source"]), data["target"], config["seed"])
        if path in groups.setdefault(key, []):
            raise RunError(f"runs must be different folders, but {path} is given twice")
        groups[key].append(path)
    return list(groups.values())


def summarise(shifts: Iterable[ValidatedShift]) -> dict[str, Summary]:
    """Over all shifts and tasks that have labels, by score; the least regret first."""
    studies: dict[str, list[Any]] = {}
    for scored in (scored for shift in shifts for scored in shift.tasks):
        for name, study in scored.studies.items():
            studies.setdefault(name, []).append(study)
    found = {
        name: Summary(
            shifts=len(studied),
            spearman=_mean(study.spearman for study in studied),
            mean_regret=fmean(study.regret for study in studied),
            worst_regret=max(study.regret for study in studied),
            error=_mean(study.error for study in studied),
        )
        for name, studied in studies.items()
    }
    return dict(sorted(found.items(), key=lambda item: (item[1].mean_regret, item[1].worst_regret)))


def _mean(values: Iterable[float | None]) -> float | None:
    numbers = [value for value in values if value is not None]
    return fmean(numbers) if numbers else None
