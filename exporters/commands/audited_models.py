"""The candidates that `acclimate audit` compares, and the rows that it draws for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...framework.consensus.dawid_skene import dawid_skene
from ...framework.data import Samples, Table
from ...framework.errors import AcclimateError
from ...framework.estimation.audit_design import draw_audit
from ...framework.estimation.audit_files import AuditPlan
from ...framework.evaluation.prediction import predict_subsets
from ...framework.layout import JOINT, Task
from .estimated_models import find_sides, name_models
from .evaluated_model import open_model

SOURCE_ONLY: Final = "source-only"
MOST: Final = 5
"""Candidates that an audit looks at: among many, hardly a row is left on which all agree, and labels tell less."""

_Votes = dict[str, NDArray[np.int64]]


def plan_audit(options: Any) -> tuple[Table, AuditPlan, list[Task]]:  # noqa: ANN401 - argparse's namespace
    """The rows that are drawn from, without labels, which of them are drawn, and the tasks.

    Raises:
        AcclimateError: if there are no candidates, or a model or a file cannot be read.
    """
    models = name_models([*find_candidates(options.folder), *options.among])
    sides = find_sides(options, list(models.values()))
    _, table = sides.open()
    votes, tasks = _ask_models(models, table, options)
    reference = SOURCE_ONLY if SOURCE_ONLY in models else next(iter(models))
    kept = _leading(votes, tasks, reference)
    codes = {name: _combine([votes[task.name][name] for task in tasks], tasks) for name in kept}
    design = draw_audit(codes, options.labels, np.random.default_rng(options.draw))
    drawn = {task.name: {name: votes[task.name][name][design.rows] for name in kept} for task in tasks}
    ids = tuple(map(str, table.take(design.rows).field("id")))
    classes = {task.name: task.classes or () for task in tasks}
    return table, AuditPlan(sides.where, ids, design, classes, drawn, reference), tasks


def find_candidates(folder: Path) -> list[Path]:
    """The candidates of a choice, those of them that have ended; or a run, behind its source-only where it has one.

    Raises:
        AcclimateError: if there are none.
    """
    candidates = folder / "candidates"
    if candidates.is_dir():
        found = sorted(path for path in candidates.iterdir() if (path / "summary.json").is_file())
        if not found:
            raise AcclimateError(f"{candidates} holds no run that has ended")
        return sorted(found, key=lambda path: path.name != SOURCE_ONLY)
    beside = folder / SOURCE_ONLY
    return [*([beside] if (beside / "config.yaml").is_file() else []), folder]


def _ask_models(models: Mapping[str, Path], table: Table, options: Any) -> tuple[dict[str, _Votes], list[Task]]:  # noqa: ANN401
    votes: dict[str, _Votes] = {}
    tasks: list[Task] = []
    for name, path in models.items():
        opened = open_model(path, "best", options.provider, options.threads)
        found = [task for task in opened.schema.tasks if not task.is_regression]
        if not found:
            raise AcclimateError(f"{path} predicts numbers alone: an audit is of classes")
        if tasks and [task.classes for task in found] != [task.classes for task in tasks]:
            raise AcclimateError(f"{path} does not know the classes of {next(iter(models.values()))}")
        tasks = found
        samples = Samples(table, opened.schema, labelled=False)
        whole = tuple(opened.schema.modalities)
        predicted = predict_subsets(opened.predict, samples, [whole], options.batch_size, labelled=False)[whole]
        for task in tasks:
            # Each row has a modality at least, so that all are predicted.
            if predicted is not None:
                votes.setdefault(task.name, {})[name] = predicted.logits[task.name][JOINT].argmax(axis=1)
    return votes, tasks


def _leading(votes: Mapping[str, _Votes], tasks: list[Task], reference: str) -> list[str]:
    """The reference, and those that the candidates' consensus finds best, in the order that was given."""
    names = list(votes[tasks[0].name])
    if len(names) <= MOST:
        return names
    accuracies = [dawid_skene(np.stack(list(votes[task.name].values())), task.outputs).accuracies for task in tasks]
    means = dict(zip(names, np.mean(accuracies, axis=0), strict=True))
    best = sorted((name for name in names if name != reference), key=lambda name: -means[name])[: MOST - 1]
    return [name for name in names if name == reference or name in best]


def _combine(votes: list[NDArray[np.int64]], tasks: list[Task]) -> NDArray[np.int64]:
    """One number for what a candidate says of all tasks."""
    code = np.zeros(len(votes[0]), np.int64)
    for row, task in zip(votes, tasks, strict=True):
        code = code * task.outputs + row
    return code
