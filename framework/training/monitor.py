"""What is measured after an epoch, for the log and for choosing a checkpoint. No target label is seen here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from ..batch import Batch, Outputs, Side, Step, unlabelled
from ..errors import RunError
from ..layout import DomainSide
from ..measures.norm_statistics import joint_variation, norm_statistics
from ..method import Method
from .selection import source_accuracy, target_scores


@attrs.frozen
class Record:
    """What was measured after an epoch.

    Args:
        epoch: number, from 0.
        stage: its name.
        source_accuracy: of the joint logits on the source's validation rows, mean over tasks; for a regression task,
            minus the mean absolute error.
        target: target-side scores by name, from unlabelled samples.
        measures: coefficient of variation of feature norms, and what parts want to be logged.
    """

    epoch: int
    stage: str
    source_accuracy: float
    target: Mapping[str, float]
    measures: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return attrs.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Record":
        """From plain data."""
        return cls(**data)

    def scalars(self) -> dict[str, float]:
        """All numbers by name."""
        target = {f"target/{name}": value for name, value in self.target.items()}
        return {"source/accuracy": self.source_accuracy, **target, **self.measures}


def survey(method: Method, batches: Iterable[Batch], domain_side: DomainSide, device: torch.device) -> Iterator[Side]:
    """Run the model, in evaluation mode, over all batches."""
    with torch.no_grad():
        for batch in batches:
            yield method.eval().look(batch.to(device), domain_side)


def gather(sides: Iterable[Side]) -> Side:
    """A whole split as one Side, on the CPU; its inputs are left out, but for their names.

    Raises:
        RunError: if there is nothing.
    """
    parts = [attrs.evolve(side, batch=_without_inputs(side.batch)) for side in sides]
    if not parts:
        raise RunError("a loader gives no batches: it must be possible to iterate over it again and again")
    batches, outputs = [part.batch for part in parts], [part.outputs for part in parts]
    first = outputs[0]
    labelled = batches[0].labels
    return Side(
        Batch(
            inputs={name: torch.cat([batch.inputs[name] for batch in batches]) for name in batches[0].inputs},
            present=torch.cat([batch.present for batch in batches]).cpu(),
            domain=torch.cat([batch.domain for batch in batches]).cpu(),
            index=torch.cat([batch.index for batch in batches]).cpu(),
            ids=tuple(name for batch in batches for name in batch.ids),
            labels=None if labelled is None else _join([batch.labels or {} for batch in batches]),
        ),
        Outputs(
            features=_join([output.features for output in outputs]),
            logits={task: _join([output.logits[task] for output in outputs]) for task in first.logits},
            task_features={
                task: _join([output.task_features[task] for output in outputs]) for task in first.task_features
            },
        ),
    )


@torch.no_grad()
def measure(
    method: Method,
    validation: Iterable[Batch],
    target: Iterable[Batch] | None,
    device: torch.device,
    *,
    epoch: int,
    stage: str,
) -> Record:
    """Measure a model on the source's validation rows and on the unlabelled target."""
    source_side = gather(survey(method, validation, "source", device))
    target_side = None if target is None else gather(survey(method, unlabelled(target), "target", device))
    step = Step(source=source_side, target=target_side)
    tasks = method.model.tasks
    return Record(
        epoch=epoch,
        stage=stage,
        source_accuracy=source_accuracy(source_side, tasks),
        target={} if target_side is None else target_scores(target_side, tasks),
        measures=norm_variations(step) | method.measure(step),
    )


def norm_variations(step: Step) -> dict[str, float]:
    """Coefficients of variation of mean feature norms over modalities, of each side and of both (RNA, table 1).

    With several tasks whose features differ, the mean over tasks.
    """
    tasks = list(next(side for _, side in step.sides).outputs.task_features)
    found: dict[str, list[float]] = {}
    for task in tasks:
        statistics = {
            name: norm_statistics(side.outputs.task_features[task], side.batch.present) for name, side in step.sides
        }
        for name, side_statistics in statistics.items():
            found.setdefault(f"norm_variation/{name}", []).append(side_statistics.variation)
        found.setdefault("norm_variation/both", []).append(joint_variation(*statistics.values()))
    return {name: sum(values) / len(values) for name, values in found.items()}


def _without_inputs(batch: Batch) -> Batch:
    return attrs.evolve(batch, inputs={name: torch.empty(len(batch), 0) for name in batch.inputs})


def _join(parts: list[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]).cpu() for name in parts[0]}
