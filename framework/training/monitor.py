"""What is recorded after an epoch, for the log and for choosing a checkpoint. No target label is seen here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import attrs
import torch
from torch import Tensor

from ..batch import Batch, Lesson, Outputs, Side, Step, unlabelled
from ..errors import RunError
from ..layout import DomainSide
from ..measures.norm_statistics import joint_variation, norm_statistics
from ..method import Method
from ..recipes.recipe import Stage
from ..validators import Candidate, SourceScore, Validator
from .domains import Domains
from .loader import Loader
from .selection import validate
from .target_inputs import read_target

_IN_FILES: Final = {"source_score": "source_accuracy"}
"""What files call a field, where that is something else: as they did before regression had a score."""


@attrs.frozen
class Record:
    """What was measured after an epoch.

    Args:
        epoch: number, from 0.
        stage: its name.
        source_score: accuracy of the joint logits on the source's validation rows, mean over tasks; for a regression
            task, minus the mean absolute error. Files call it `source_accuracy`.
        target: what Validators say by name, from unlabelled samples.
        measures: coefficient of variation of feature norms, and what parts want to be logged.
    """

    epoch: int
    stage: str
    source_score: float
    target: Mapping[str, float]
    measures: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {_IN_FILES.get(name, name): value for name, value in attrs.asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Record":
        """From plain data."""
        return cls(**{name: data[_IN_FILES.get(name, name)] for name in attrs.fields_dict(cls)})

    def scalars(self) -> dict[str, float]:
        """All numbers by name."""
        target = {f"target/{name}": value for name, value in self.target.items()}
        return {"source/accuracy": self.source_score, **target, **self.measures}


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
    parts = [attrs.evolve(side, batch=without_inputs(side.batch), run=None) for side in sides]
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
        {task: _join_lessons([part.lessons[task] for part in parts]) for task in parts[0].lessons},
    )


def teach(method: Method, sides: Iterable[Side]) -> Iterator[Side]:
    """Give target sides their lessons, batch by batch as in training; what a selector draws reaches nothing else."""
    for side in sides:
        devices = [side.batch.present.device] if side.batch.present.is_cuda else []
        with torch.random.fork_rng(devices):
            yield method.teach(side)


@torch.no_grad()
def observe_candidate(method: Method, domains: Domains, device: torch.device, *, taught: bool = True) -> Candidate:
    """What a method's model says of the source's validation rows and of the unlabelled target.

    Args:
        method: as it stands.
        domains: of which validation rows and the target in order are looked at.
        device: that the method is on.
        taught: whether its selector, if any, has studied the target, and gives lessons.
    """
    source, target = gather(survey(method, domains.validation, "source", device)), domains.target_in_order
    if target is None:
        return Candidate(source)
    sides = survey(method, unlabelled(target), "target", device)
    inputs = read_target(method, target, device) if isinstance(target, Loader) else None
    return Candidate(source, gather(teach(method, sides) if taught else sides), inputs)


@torch.no_grad()
def record_epoch(
    method: Method,
    validators: Mapping[str, Validator],
    domains: Domains,
    device: torch.device,
    *,
    epoch: int,
    stage: Stage,
) -> Record:
    """Ask the Validators about a model, on the source's validation rows and on the unlabelled target.

    Args:
        method: whose model it is.
        validators: by name.
        domains: of the run.
        device: that the method is on.
        epoch: number of the epoch that is done.
        stage: of this epoch.
    """
    candidate, tasks = observe_candidate(method, domains, device, taught=stage.target), method.model.tasks
    step = Step(source=candidate.source, target=candidate.target)
    return Record(
        epoch=epoch,
        stage=stage.name,
        source_score=validate({"source": SourceScore()}, candidate, tasks)["source"],
        target=validate(validators, candidate, tasks),
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


def without_inputs(batch: Batch) -> Batch:
    """A batch that keeps the names of its inputs alone."""
    return attrs.evolve(batch, inputs={name: torch.empty(len(batch), 0) for name in batch.inputs})


def _join(parts: list[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    return {name: torch.cat([part[name] for part in parts]).cpu() for name in parts[0]}


def _join_lessons(parts: list[Lesson]) -> Lesson:
    """Of all batches: what only some of them have, such as soft labels or a lesson for one student, is left out."""
    names = ("labels", "teacher", "confidence", "keep")
    soft = [part.soft for part in parts if part.soft is not None]
    students = set(parts[0].by_student).intersection(*(part.by_student for part in parts))
    return Lesson(
        **_join([{name: getattr(part, name) for name in names} for part in parts]),
        soft=torch.cat(soft).cpu() if len(soft) == len(parts) else None,
        by_student={name: _join_lessons([part.by_student[name] for part in parts]) for name in sorted(students)},
    )
