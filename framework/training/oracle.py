"""How good a run is by the labels of its target: for reports alone. Nothing is trained or chosen by it."""

from collections.abc import Iterable
from typing import Any

import attrs
import torch
from jaxtyping import Bool, Shaped
from torch import Tensor

from ..batch import Batch, Lesson
from ..data import Samples, Schema, Table, keep_known
from ..data.label_encoding import UNKNOWN_CLASS
from ..errors import DataError
from ..evaluation.metrics import accuracy, mean_absolute_error
from ..evaluation.scores import score_task
from ..evaluation.subsets import BATCH_SIZE
from ..evaluation.tables import FUSED
from ..layout import JOINT, Task
from ..method import Method
from .loader import Loader
from .monitor import gather, survey


@attrs.frozen(eq=False)
class Oracle:
    """A target's labelled rows.

    The loop asks for a report after an epoch, when it has decided which checkpoint to keep, and writes it into
    metrics.jsonl and nowhere else: a run with an oracle ends in the same weights and the same choice as one without.

    Args:
        test: the test split, labelled, without rows of classes that the model does not know.
        training: the training rows, labelled, in the order of the run's own; None where they carry no labels. Rows of
            classes that the model does not know are there, labelled `UNKNOWN_CLASS`.
    """

    test: Iterable[Batch]
    training: Iterable[Batch] | None = None

    def report(self, method: Method, device: torch.device, *, taught: bool) -> dict[str, Any]:
        """Main scores (accuracy, or mean absolute error) on the test split, and how right the lessons are.

        Args:
            method: as it stands after an epoch.
            device: that it is on.
            taught: whether the epoch trained on the target, so that lessons mean something.

        Returns:
            `target`: by task, then by modality and "fused". `lessons`, where the method gives any: by task, the
            `score` of those that are kept, on the target's training rows (None where none is), and the share `kept`;
            rows of classes that the model does not know are in neither.
        """
        devices = [device] if device.type == "cuda" else []
        # A module of the user's may draw random numbers even in evaluation.
        with torch.random.fork_rng(devices), torch.no_grad():
            report: dict[str, Any] = {"target": self._score_outputs(method, device)}
            if taught and method.selector is not None and self.training is not None:
                lessons = _score_lessons(method, self.training, device)
                report |= {"lessons": lessons} if lessons else {}
        return report

    def _score_outputs(self, method: Method, device: torch.device) -> dict[str, dict[str, float]]:
        side = gather(survey(method, self.test, "target", device))
        if side.batch.labels is None:
            raise ValueError("the batches of an oracle must be labelled, but have no labels.")
        rows = {FUSED: slice(None)} | {name: side.batch.has(name) for name in side.batch.modalities}
        return {
            task.name: {
                name: score_task(
                    task,
                    side.batch.labels[task.name][chosen].numpy(),
                    side.outputs.logits[task.name][JOINT if name == FUSED else name][chosen].numpy(),
                ).main
                for name, chosen in rows.items()
                if isinstance(chosen, slice) or bool(chosen.any())
            }
            for task in method.model.tasks
        }


def open_oracle(table: Table, source: tuple[str, ...], target: str, schema: Schema, batch_size: int) -> Oracle:
    """The oracle of a target domain of a table.

    Args:
        table: all rows.
        source: the run's other domains.
        target: whose labels are looked at.
        schema: fitted on the run's own training rows.
        batch_size: of the run, for the lessons.

    Raises:
        DataError: if a test row has no label, or none has a class that the model knows.
    """
    domains = (*source, *([] if target in source else [target]))

    def load(rows: Table, size: int) -> Loader:
        samples = Samples(rows, schema, labelled=True, unknown_classes=True)
        return Loader(samples, size, shuffle=False, seed=0, domains=domains)

    check_labels(table, target, "test")
    training = table.select(target, "train")
    known = all(row.labels.get(task) is not None for row in training.rows for task in table.tasks)
    test, _ = keep_known(table.select(target, "test"), schema.tasks)
    return Oracle(load(test, BATCH_SIZE), load(training, batch_size) if known and training.rows else None)


def check_labels(table: Table, domain: str, split: str) -> None:
    """Refuse a split of a domain that cannot be reported on.

    Raises:
        DataError: if there is no such split, or one of its rows has no label.
    """
    for row in table.select(domain, split).rows:
        missing = [task for task in table.tasks if row.labels.get(task) is None]
        if missing:
            raise DataError(
                f"rows of {domain!r} in split {split!r} must have labels, for reports alone, but row {row.id!r} has "
                f"none of task {missing[0]!r}"
            )


def _score_lessons(
    method: Method, training: Iterable[Batch], device: torch.device
) -> dict[str, dict[str, float | None]]:
    """As training sees the rows: the selector is shown no label."""
    tasks = {task.name: task for task in method.model.tasks}
    found: dict[str, list[tuple[Lesson, Tensor]]] = {}
    for batch in training:
        unlabelled = attrs.evolve(batch, labels=None)
        (side,) = survey(method, [unlabelled], "target", device)
        for task, lesson in method.teach(side).lessons.items():
            found.setdefault(task, []).append((lesson, (batch.labels or {})[task]))
    return {
        name: _score_kept(
            tasks[name],
            torch.cat([labels for _, labels in pairs]),
            torch.cat([lesson.labels.cpu() for lesson, _ in pairs]),
            torch.cat([lesson.keep.cpu() for lesson, _ in pairs]),
        )
        for name, pairs in found.items()
    }


def _score_kept(
    task: Task, labels: Shaped[Tensor, " rows"], taught: Shaped[Tensor, " rows"], keep: Bool[Tensor, " rows"]
) -> dict[str, float | None]:
    if not task.is_regression:
        known = labels != UNKNOWN_CLASS
        labels, taught, keep = labels[known], taught[known], keep[known]
    metric = mean_absolute_error if task.is_regression else accuracy
    score = metric(labels[keep].numpy(), taught[keep].numpy()) if bool(keep.any()) else None
    return {"score": score, "kept": keep.double().mean().item() if len(keep) else 0.0}
