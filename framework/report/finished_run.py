"""What a run folder says of its run, before any data is looked at."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ..errors import RunError
from ..measures import LearningCurves, read_curves
from ..recipes.recipe import Recipe, parse_recipe
from ..runs.run_folder import BEST, RunFolder, read_json
from ..training.monitor import Record
from ..training.plan import Plan
from ..training.progress import Progress


@attrs.frozen
class FinishedRun:
    """A run that has made all of its epochs.

    Args:
        path: its folder.
        config: what it was started with.
        recipe: its method.
        environment: what it ran on.
        epochs: the rows of its metrics.jsonl that were written after an epoch.
        curves: all that its metrics.jsonl holds.
        best: what was measured after the epoch that was chosen.
        reference: target-side scores of the source-only run beside it; empty where there is none.
    """

    path: Path
    config: Mapping[str, Any]
    recipe: Recipe
    environment: Mapping[str, Any]
    epochs: tuple[Mapping[str, Any], ...]
    curves: LearningCurves
    best: Record
    reference: Mapping[str, float]

    @property
    def table(self) -> str:
        """Name or path of the table that it was trained on."""
        return str(self.config["data"]["table"])

    @property
    def source(self) -> tuple[str, ...]:
        """Labelled domains."""
        return tuple(self.config["data"]["source"])

    @property
    def target(self) -> str | None:
        """Domain that it was adapted to, if any."""
        target: str | None = self.config["data"]["target"]
        return target

    @property
    def seed(self) -> int:
        """Of weights, order, validation rows and drawn splits."""
        return int(self.config["seed"])


def read_run(path: Path) -> FinishedRun:
    """Read a run folder.

    Raises:
        RunError: if there is no run, it has not ended, it was not trained on a table, or a file of it is missing or
            damaged; one line names it.
        RecipeError: if the recipe in its config.yaml is none.
    """
    folder = RunFolder.open(path)
    config = folder.config()
    _check_config(config, path)
    recipe = parse_recipe(config["recipe"], f"{path}: recipe")
    log = _read_log(folder)
    epochs = tuple(row for row in log if row.get("kind") == "epoch")
    # Rows of an earlier version have no steps, and its stages are in epochs.
    if Plan.of(recipe.stages, lambda _: 1).locate([row.get("steps", 0) for row in epochs]) is not None:
        raise RunError(
            f"{path} has not ended: its metrics.jsonl holds {len(epochs)} of {_describe_length(recipe)}; go on with it "
            "by --resume"
        )
    return FinishedRun(
        path=path,
        config=config,
        recipe=recipe,
        environment=read_json(path / "environment.json"),
        epochs=epochs,
        curves=read_curves(log, len(epochs)),
        best=_best(folder),
        reference=_reference(path),
    )


def _describe_length(recipe: Recipe) -> str:
    epochs, steps = (
        sum(stage.rounds * (getattr(stage, count) or 0) for stage in recipe.stages) for count in ("epochs", "steps")
    )
    return " and ".join([f"{epochs} epochs"] * (epochs > 0) + [f"those of {steps} steps"] * (steps > 0))


def _check_config(config: Mapping[str, Any], path: Path) -> None:
    for key in ("recipe", "seed", "schema", "data"):
        if key not in config:
            raise RunError(f"{path} cannot be reported on: its config.yaml lacks the key {key!r}")
    data = config["data"]
    if not isinstance(data, Mapping) or not {"table", "source", "target"} <= data.keys():
        raise RunError(f"{path} cannot be reported on: data in its config.yaml must name table, source and target")


def _read_log(folder: RunFolder) -> tuple[Mapping[str, Any], ...]:
    try:
        rows = tuple(folder.metrics())
    except (OSError, ValueError) as error:
        raise RunError(f"{folder.path / 'metrics.jsonl'} is damaged: {error}") from error
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise RunError(f"{folder.path / 'metrics.jsonl'} is damaged: row {number} must be a mapping")
    return rows


def _best(folder: RunFolder) -> Record:
    try:
        progress = Progress.from_json(folder.load(BEST).state["progress"])
        return progress.history[progress.best]
    except (IndexError, KeyError, TypeError) as error:
        raise RunError(f"{folder.path}: the best checkpoint does not say which epoch it is of: {error!r}") from error


def _reference(path: Path) -> Mapping[str, float]:
    summary = path / "summary.json"
    if not summary.is_file():
        return {}
    scores = read_json(summary).get("source_only", {})
    if not isinstance(scores, Mapping):
        raise RunError(f"{summary} is damaged: source_only must be a mapping")
    return scores
