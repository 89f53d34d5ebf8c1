"""What is reported of a finished run: its scores by three choices of the epoch, from the labels of both test splits."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, Final, Literal, TypeAlias

import attrs

from ..data import Samples, Schema, Table, UnknownClasses, keep_known
from ..evaluation.prediction import Predicted, predict_subsets
from ..evaluation.scores import score_task
from ..evaluation.subsets import BATCH_SIZE
from ..evaluation.tables import FUSED
from ..experiments.saved_method import load_run
from ..layout import JOINT, DomainSide, Task
from ..runs.run_folder import BEST, LAST
from ..training.torch_predictor import TorchPredictor
from .cell import Cell

Choice: TypeAlias = Literal["last", "selected", "oracle"]

ALL: Final = "all"
"""`Score.modalities` where none was dropped."""


@attrs.frozen
class Score:
    """One number.

    Args:
        choice: which epoch: the last one, the one that the recipe selected without target labels, or the one that is
            best on the target's test split (oracle).
        epoch: its number, from 0.
        side: whose test split.
        task: of the table.
        measure: "accuracy", or "mean_absolute_error" for a regression task.
        prediction: "fused", or a modality's own head.
        modalities: that the model was given: "all" that a sample has, or one alone.
        value: the number.
    """

    choice: Choice
    epoch: int
    side: DomainSide
    task: str
    measure: str
    prediction: str
    modalities: str
    value: float


def score_run(cell: Cell, table: Table, schema: Schema, run: Path, epochs: Sequence[Mapping[str, Any]]) -> list[Score]:
    """Score a finished run.

    By the oracle's choice there are only the scores that were logged after each epoch; with modalities dropped, and on
    the source, only the checkpoints that are kept can be scored.

    Args:
        cell: what was run.
        table: all rows.
        schema: of the run.
        run: its run folder.
        epochs: the rows of its epochs in metrics.jsonl, with oracle reports.
    """
    found: list[Score] = []
    best = next(row["epoch"] for row in epochs if row["selected"])
    checkpoints: list[tuple[Choice, str, int]] = [("last", LAST, len(epochs) - 1), ("selected", BEST, best)]
    for choice, checkpoint, epoch in checkpoints:
        predicted = _predict_checkpoint(cell, table, run, checkpoint)
        found += (Score(choice, epoch, *where, value) for where, value in predicted)
    return [*found, *_score_best_epoch(epochs, schema.tasks)]


def choose_test_rows(cell: Cell, table: Table, tasks: Sequence[Task]) -> dict[DomainSide, tuple[Table, UnknownClasses]]:
    """The test rows that a cell is scored on, by side, and what is left out of them.

    The upper bound knows the target alone: on the source it has no scores.

    Args:
        cell: what is run.
        table: all rows.
        tasks: with the classes that the model knows.

    Raises:
        DataError: if a side has no row of a class that is known.
    """
    sides: dict[DomainSide, str | Sequence[str]] = {"target": cell.shift.target}
    if not cell.trains_on_target_labels:
        sides["source"] = cell.shift.source
    return {side: keep_known(table.select(domains, "test"), tasks) for side, domains in sides.items()}


def measure_name(task: Task) -> str:
    """What the main score of a task is called."""
    return "mean_absolute_error" if task.is_regression else "accuracy"


def _predict_checkpoint(
    cell: Cell, table: Table, run: Path, checkpoint: str
) -> Iterator[tuple[tuple[DomainSide, str, str, str, str], float]]:
    """Scores of a checkpoint; on the target also with one modality alone."""
    method, schema, _ = load_run(run, checkpoint)
    everything = schema.modalities
    for side, (rows, _) in choose_test_rows(cell, table, schema.tasks).items():
        samples = Samples(rows, schema, labelled=True)
        predict = TorchPredictor(method.model, domain_side=side)
        subsets = [everything, *((name,) for name in everything if side == "target")]
        for subset, predicted in predict_subsets(predict, samples, subsets, BATCH_SIZE).items():
            if predicted is None:
                continue
            whole = subset == everything
            for task in schema.tasks:
                for name, value in _score_predicted(predicted, task, everything if whole else ()).items():
                    yield (side, task.name, measure_name(task), name, ALL if whole else subset[0]), value


def _score_predicted(predicted: Predicted, task: Task, heads: Sequence[str]) -> dict[str, float]:
    """Main scores of the fused prediction and of the heads, each on the samples that have its modality."""
    logits, labels = predicted.logits[task.name], predicted.labels[task.name]
    scores = {FUSED: score_task(task, labels, logits[JOINT]).main}
    for column, name in enumerate(heads):
        rows = predicted.present[:, column]
        if rows.any():
            scores[name] = score_task(task, labels[rows], logits[name][rows]).main
    return scores


def _score_best_epoch(epochs: Sequence[Mapping[str, Any]], tasks: Sequence[Task]) -> Iterator[Score]:
    """Of equally good epochs, the first."""

    def quality(row: Mapping[str, Any]) -> float:
        scores = row["oracle"]["target"]
        return fmean(scores[task.name][FUSED] * (-1 if task.is_regression else 1) for task in tasks)

    best = max(epochs, key=quality)
    for task in tasks:
        for name, value in best["oracle"]["target"][task.name].items():
            yield Score("oracle", best["epoch"], "target", task.name, measure_name(task), name, ALL, value)
