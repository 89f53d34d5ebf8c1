"""results.md: the finished cells of a folder as tables for a reader."""

import json
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median, stdev
from typing import Any, Final

import attrs

from ..data.open_set import UnknownClasses
from ..evaluation.tables import FUSED
from .results import identity
from .scoring import ALL
from .significance import paired_t_test

BASELINE: Final = "source-only"
CHOICES: Final = ("last", "selected", "oracle")

_INTRODUCTION: Final = """\
Mean ± standard deviation over seeds, on test splits. **Everything on the target is oracle**: its labels serve for this
report alone. *last*: after the last epoch. *selected*: the epoch that the recipe's own rule chooses without target
labels. *oracle*: the epoch that is best on this very split, which nobody could choose. *p*: two-sided paired t-test
against `source-only` over the seeds that both have, not corrected for the number of tests. *only m*: all other
modalities dropped at the input. *head m*: the modality's own head. *per step*: time of training alone, without
evaluation, median over epochs, then over seeds; source-only's steps see no target batch."""


@attrs.frozen(eq=False)
class _Runs:
    """The cells of one recipe on one shift, by seed."""

    recipe: str
    cells: Mapping[int, Mapping[str, Any]]

    def values(
        self, task: str, choice: str, side: str = "target", prediction: str = FUSED, modalities: str = ALL
    ) -> dict[int, float]:
        """A score by seed; seeds that lack it are left out."""
        wanted = {"choice": choice, "side": side, "prediction": prediction, "modalities": modalities, "task": task}
        return {
            seed: score["value"]
            for seed, cell in self.cells.items()
            for score in cell["scores"]
            if all(score[key] == value for key, value in wanted.items())
        }

    @property
    def any(self) -> Mapping[str, Any]:
        """One of the cells."""
        return next(iter(self.cells.values()))

    @property
    def tuned(self) -> Mapping[str, Any]:
        """What a search changed."""
        changes: Mapping[str, Any] = self.any.get("tuned", {})
        return changes

    @property
    def left_out(self) -> Iterator[str]:
        """Which test rows are in no score, a line for each side that has any."""
        for cell in self.cells.values():
            if cell.get("skipped"):
                rows = {(problem["line"], problem["id"]) for problem in cell["skipped"]}
                yield f"rows whose files cannot be used, left out of training and scores: {len(rows)}"
            for side, found in cell.get("left_out", {}).items():
                if found["rows"]:
                    yield f"test rows of the {side}: {UnknownClasses(**found)}"

    @property
    def title(self) -> str:
        """The recipe's name, and a word where it is the upper bound."""
        return f"`{self.recipe}`" + (" (oracle: target labels)" if self.any["trains_on_target_labels"] else "")

    @property
    def seconds_per_step(self) -> float | None:
        """Median over seeds."""
        found = [value for cell in self.cells.values() if (value := cell["seconds_per_step"]) is not None]
        return median(found) if found else None


def make_report(cells: Sequence[Mapping[str, Any]], commands: Sequence[str], recipes: Sequence[str] = ()) -> str:
    """The text of results.md.

    Args:
        cells: of all shifts, see `read_cells`.
        commands: that made them.
        recipes: their order in the tables; others follow.
    """
    lines = ["# Results", "", *_INTRODUCTION.splitlines(), "", "```console", *(f"$ {line}" for line in commands), "```"]
    lines += ["", *_environments(cells)]
    shifts: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for cell in cells:
        where = identity(cell)
        shifts.setdefault((where["data"], where["source"], where["target"]), []).append(cell)
    for (data, source, target), found in shifts.items():
        lines += ["", f"## {data}: {source} -> {target}"]
        runs = _by_recipe(found, recipes)
        for task, measure in dict.fromkeys((row["task"], row["measure"]) for cell in found for row in cell["scores"]):
            lines += ["", f"Task `{task}`, {measure.replace('_', ' ')}:", "", *_score_table(runs, task)]
            lines += ["", "By modality, selected epoch:", "", *_modality_table(runs, task)]
        left_out = dict.fromkeys(line for run in runs for line in run.left_out)
        lines += ["", *(f"- {line}" for line in left_out)] if left_out else []
        lines += ["", "Choice of the epoch, and cost:", "", *_cost_table(runs)]
        tuned = [f"- {run.title}: {_settings(run.tuned)}" for run in runs if run.tuned]
        lines += (
            ["", "Chosen by a search (all trials are in trials.json), other than printed:", "", *tuned] if tuned else []
        )
    return "\n".join(lines) + "\n"


def _by_recipe(cells: Sequence[Mapping[str, Any]], order: Sequence[str]) -> list[_Runs]:
    found: dict[str, dict[int, Mapping[str, Any]]] = {name: {} for name in order}
    for cell in cells:
        where = identity(cell)
        found.setdefault(where["recipe"], {})[where["seed"]] = cell
    return [_Runs(name, dict(sorted(seeds.items()))) for name, seeds in found.items() if seeds]


def _score_table(runs: Sequence[_Runs], task: str) -> list[str]:
    baseline = _baseline(runs)
    header = ["recipe", "seeds", "last", "p", "selected", "p", "oracle", "source, last", "source, selected"]
    rows = []
    for run in runs:
        row = [run.title, str(len(run.cells))]
        for choice in CHOICES:
            row.append(_spread(run.values(task, choice).values()))
            if choice != "oracle":
                row.append(_p_value(run, baseline, task, choice))
        rows.append([*row, *(_spread(run.values(task, choice, "source").values()) for choice in ("last", "selected"))])
    return _table(header, rows)


def _modality_table(runs: Sequence[_Runs], task: str) -> list[str]:
    names = dict.fromkeys(row["prediction"] for run in runs for row in run.any["scores"] if row["prediction"] != FUSED)
    header = ["recipe", "fused", *(f"only {name}" for name in names), *(f"head {name}" for name in names)]
    rows = [
        [
            run.title,
            _spread(run.values(task, "selected").values()),
            *(_spread(run.values(task, "selected", modalities=name).values()) for name in names),
            *(_spread(run.values(task, "selected", prediction=name).values()) for name in names),
        ]
        for run in runs
    ]
    return _table(header, rows)


def _cost_table(runs: Sequence[_Runs]) -> list[str]:
    baseline = _baseline(runs)
    pace = None if baseline is None else baseline.seconds_per_step
    header = ["recipe", "selected by", "that score", "epochs selected", "seconds", "steps", "ms per step", "relative"]
    rows = []
    for run in runs:
        selections = [cell["selection"] for cell in run.cells.values()]
        name = selections[0]["score"] if selections[0]["score"] in selections[0]["target"] else "source_accuracy"
        scores = [found["target"].get(name, found["source_accuracy"]) for found in selections]
        own = run.seconds_per_step
        rows.append(
            [
                run.title,
                name,
                _spread(scores),
                ", ".join(str(found["epoch"] + 1) for found in selections),
                f"{fmean(cell['seconds'] for cell in run.cells.values()):.1f}",
                f"{median(cell['steps'] for cell in run.cells.values()):.0f}",
                "-" if own is None else f"{1000 * own:.2f}",
                "-" if own is None or not pace else f"{own / pace:.2f}",
            ]
        )
    return _table(header, rows)


def _baseline(runs: Sequence[_Runs]) -> _Runs | None:
    return next((run for run in runs if run.recipe == BASELINE), None)


def _p_value(run: _Runs, baseline: _Runs | None, task: str, choice: str) -> str:
    if baseline is None or run.recipe == BASELINE:
        return "-"
    first, second = run.values(task, choice), baseline.values(task, choice)
    both = [seed for seed in first if seed in second]
    p = paired_t_test([first[seed] for seed in both], [second[seed] for seed in both])
    return "-" if p is None else "< .001" if p < 0.001 else _number(p)


def _environments(cells: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Versions and threads of the cells, a line for each that differs."""
    found = []
    for cell in cells:
        environment = cell["environment"]
        packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
        git = environment["git"] or {}
        commit = f"commit {git['commit'][:10]}{' with changes' if git['dirty'] else ''}, " if git else ""
        found.append(
            f"Python {environment['python']}, {packages}; {commit}{environment['cores']} cores, "
            f"{environment.get('processes', 1)} cells at a time ({environment.get('executor', 'alone')}), "
            f"{environment['threads']} threads each; {environment['gpu'] or 'no GPU'}."
        )
    yield from dict.fromkeys(found)


def _settings(tuned: Mapping[str, Any]) -> str:
    return ", ".join(f"`{key}={json.dumps(value)}`" for key, value in tuned.items())


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows)]


def _spread(values: Any) -> str:  # noqa: ANN401
    numbers = list(values)
    if not numbers:
        return "-"
    return _number(fmean(numbers)) + (f" ± {_number(stdev(numbers))}" if len(numbers) > 1 else "")


def _number(value: float) -> str:
    """Three decimals, without the zero before the point."""
    text = f"{value:.3f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text
