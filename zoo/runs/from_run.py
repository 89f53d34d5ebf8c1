"""A finished run as an adapted model with its card."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ...framework.errors import RunError, ZooError
from ...framework.evaluation.tables import FUSED
from ...framework.experiments.saved_method import without_files
from ...framework.grid.cell import data_name
from ...framework.layout import JOINT, DomainSide, Task, modality_subsets
from ...framework.report.finished_run import FinishedRun, read_run
from ..adapted_model import AdaptedModel
from ..config import CheckpointConfig, Machine, TrainedOn
from ..metrics import CheckpointMetrics, Score, TaskMetrics
from ..names import is_name
from .data_digest import digest_data
from .measuring import MeasuredRun, measure_run
from .numbers import ALL, Number, Numbers, with_spread
from .seeds import BASELINE, SeedCells
from .training import Training


def make_checkpoint(
    run: FinishedRun,
    *,
    name: str,
    licence: str,
    data_licence: str,
    data: str | None = None,
    cells: SeedCells | None = None,
) -> AdaptedModel:
    """Make an adapted model of a run's best checkpoint.

    Args:
        run: that has made all of its epochs.
        name: of the checkpoint.
        licence: of the weights, as an SPDX expression.
        data_licence: of the data, as an SPDX expression or in words.
        data: its table, where that is no longer where it was.
        cells: the same training with other seeds, which give mean and spread.

    Raises:
        AcclimateError: if the name is none, the data is not there or has no test split, or the run does not say all of
            its training.
    """
    if not is_name(name):
        raise ZooError(f"a name must be method.tag in small letters, digits and hyphens, but got {name!r}.")
    training = Training.of_run(run, data)
    measured = measure_run(run, data)
    config = CheckpointConfig(
        name=name,
        licence=licence,
        recipe=without_files(run.recipe, measured.schema, {}, run.config.get("selector")),
        schema=measured.schema,
        samples=run.config["samples"],
        encoders=run.config.get("encoders", {}),
        trained_on=TrainedOn(
            data=data_name(run.table),
            source=run.source,
            target=run.target,
            seed=run.seed,
            stage=run.best.stage,
            epoch=run.best.epoch + 1,
            licence=data_licence,
            digest=digest_data(training.open_table(), training.domains),
        ),
        machine=read_machine(run.environment),
    )
    return AdaptedModel(measured.model, config, _metrics(measured, data, cells))


def read_machine(environment: Mapping[str, Any]) -> Machine:
    """What a run ran on, by its environment.json; the release of the operating system is left out, as no bit needs it.

    Example:
        >>> environment = {
        ...     "python": "3.11.7",
        ...     "platform": "Linux-6.1.0-18-amd64-x86_64-with-glibc2.36",
        ...     "processor": "a processor",
        ...     "threads": 1,
        ...     "packages": {"torch": "2.14.1"},
        ... }
        >>> read_machine(environment).platform
        'Linux-x86_64-with-glibc2.36'
    """
    gpu = environment.get("gpu")
    return Machine(
        python=environment["python"],
        platform=re.sub(r"^(\w+)-.*?-(?=(x86_64|i\d86|aarch64|arm64|AMD64|ARM64)\b)", r"\1-", environment["platform"]),
        processor=environment["processor"] + (f", {gpu}" if gpu else ""),
        threads=environment["threads"],
        packages=dict(environment["packages"]),
    )


def _metrics(measured: MeasuredRun, data: str | None, cells: SeedCells | None) -> CheckpointMetrics:
    run, best = measured.run, measured.run.best
    source_only = _source_only(run, data, cells)
    return CheckpointMetrics(
        tasks={task.name: _task_metrics(task, measured, source_only, cells) for task in measured.schema.tasks},
        selection={"source_accuracy": best.source_score, **best.target},
        selected_by=run.recipe.selection.name if run.recipe.selection.name in best.target else "source_accuracy",
        chosen_among="No other seed was compared." if cells is None else cells.describe_choice(run.seed),
        points=measured.points(),
    )


def _source_only(run: FinishedRun, data: str | None, cells: SeedCells | None) -> Numbers:
    """Of the same seed: the grid's, or that of the run beside it."""
    if cells is not None:
        return cells.source_only.get(run.seed, {})
    beside = run.path / BASELINE
    return measure_run(read_run(beside), data).numbers if (beside / "config.yaml").is_file() else {}


def _task_metrics(task: Task, measured: MeasuredRun, source_only: Numbers, cells: SeedCells | None) -> TaskMetrics:
    numbers, modalities = measured.numbers, measured.schema.modalities

    def find(side: DomainSide, names: Iterable[str]) -> dict[str, Score]:
        wanted = {name: Number(task.name, side, name) for name in names}
        return {name: _score(numbers, number, cells) for name, number in wanted.items() if number in numbers}

    subsets = {"+".join(subset): subset for subset in modality_subsets(modalities)}
    drop = {
        name: Number(task.name, "target", FUSED, ALL if subset == modalities else name)
        for name, subset in subsets.items()
    }
    fused = Number(task.name, "target")
    scores = measured.sides["source"].scores
    if scores is None:
        raise RunError(
            f"{measured.run.path}: every row of the source's test split must have a label, but some lack one"
        )
    kind = scores.tasks[task.name][JOINT]
    return TaskMetrics(
        measure=kind.main_name,
        higher_is_better=kind.higher_is_better,
        source=find("source", (FUSED, *modalities)),
        target=find("target", (FUSED, *modalities)),
        drop={name: _score(numbers, number, cells) for name, number in drop.items() if number in numbers},
        source_only=None
        if fused not in source_only
        else with_spread(source_only[fused], () if cells is None else cells.spread_of_source_only(fused)),
    )


def _score(numbers: Numbers, number: Number, cells: SeedCells | None) -> Score:
    return with_spread(numbers[number], () if cells is None else cells.spread(number))
