"""Pseudo-labels that several trained models agree on: a student learns what their consensus says.

The labels of a consensus by Dawid and Skene (see `acclimate.framework.consensus.dawid_skene`) are taught as those of a
single teacher are in distillation (Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015,
https://arxiv.org/abs/1503.02531), at temperature 1.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from ..framework.arguments import check_within
from ..framework.batch import JOINT_TEACHER, Lesson, Side
from ..framework.consensus.consensus_file import Consensus
from ..framework.errors import RecipeError
from ..framework.files.hashes import file_sha256
from ..framework.interfaces import TeacherSelector
from ..framework.layout import Layout, Task


class ConsensusTeacher(TeacherSelector):
    """A file says of each row of the target what several models found together; the same in every step.

    The rows are known by their ids. One that the file lacks is not taught, and neither are numbers, which a consensus
    of classes does not say. A lesson's confidence is the probability of its label.

    Args:
        consensus: path of the file, see `Consensus`; None where a finished run is opened, which needs it no longer, but
            cannot be trained.
        threshold: the probability that a label needs to be kept; None keeps all.
        soft: whether losses learn the probability of each class in place of the likeliest class.
        sha256: of the file; None takes any. A run remembers it, so that it is not gone on with by other lessons.

    Raises:
        ValueError: if `threshold` is not within [0, 1], the file cannot be read or has another hash.
        RecipeError: when bound, if the file is of other tasks or classes than the data.

    Example:
        >>> from tempfile import mkdtemp
        >>> from acclimate.framework.testing import make_layout, make_step
        >>> path, target = Path(mkdtemp()) / "consensus.npz", make_step().target
        >>> likely = np.array([[0.98, 0.01, 0.01], [0.5, 0.3, 0.2]])
        >>> classes = {"digit": make_layout().task("digit").classes}
        >>> Consensus(target.batch.ids[:2], classes, {"digit": likely}).write(path)
        >>> teacher = ConsensusTeacher(str(path), threshold=0.9)
        >>> teacher.bind(make_layout(), {})
        >>> teacher(target)["digit"].keep.tolist()[:3]
        [True, False, False]
    """

    layout: Layout
    likely: Mapping[str, Float[Tensor, "rows _"]]

    def __init__(
        self,
        consensus: str | None = None,
        threshold: float | None = None,
        *,
        soft: bool = False,
        sha256: str | None = None,
    ) -> None:
        super().__init__()
        if threshold is not None:
            check_within("[0, 1]", threshold=threshold)
        self.threshold = threshold
        self.soft = soft
        self.sha256 = sha256
        self._consensus = None if consensus is None else self._read(Path(consensus))
        ids = () if self._consensus is None else self._consensus.ids
        self._rows = {name: row for row, name in enumerate(ids)}

    def _read(self, path: Path) -> Consensus:
        found = Consensus.read(path)
        digest = file_sha256(path)
        if self.sha256 not in {None, digest}:
            raise ValueError(f"consensus must be the file with the SHA-256 {self.sha256}, but {path} has {digest}.")
        self.sha256 = digest
        return found

    def bind(self, layout: Layout, parts: Mapping[str, nn.Module]) -> None:
        """Take the tasks, and hold the file against them."""
        classes = {task.name: task.classes for task in layout.tasks if task.classes is not None}
        if not classes:
            names = ", ".join(repr(task.name) for task in layout.tasks)
            raise RecipeError(f"a consensus teaches classes, but the data have tasks without any: {names}.")
        if self._consensus is not None and dict(self._consensus.classes) != classes:
            raise RecipeError(f"consensus must be of the data's tasks and classes: {_differ(self._consensus, classes)}")
        self.layout = layout
        posteriors = {} if self._consensus is None else self._consensus.posteriors
        # The last row, which -1 names, is that of whom the file does not know.
        self.likely = {
            task: torch.from_numpy(np.pad(values, ((0, 1), (0, 0)), constant_values=1 / values.shape[1]))
            for task, values in posteriors.items()
        }

    def portable_arguments(self) -> dict[str, Any]:
        """The file's hash in place of its path."""
        return {"consensus": None, "sha256": self.sha256}

    def parents(self) -> list[dict[str, Any]]:
        """The models that the file was made of."""
        return [] if self._consensus is None else [attrs.asdict(parent) for parent in self._consensus.parents]

    @torch.no_grad()
    def forward(self, side: Side) -> dict[str, Lesson]:
        """A lesson per task; raises RecipeError where there is no file."""
        if self._consensus is None:
            rule = "consensus must be the path of the file with its lessons, which no finished run or checkpoint holds"
            raise RecipeError(f"selector: to train, {rule}, but is None.")
        rows = torch.tensor([self._rows.get(name, -1) for name in side.batch.ids])
        return {task.name: self._lesson(task, rows, side) for task in self.layout.tasks}

    def _lesson(self, task: Task, rows: Int64[Tensor, " batch"], side: Side) -> Lesson:
        joint = side.outputs.joint_logits(task.name)
        known = (rows >= 0).to(joint.device)
        teacher = torch.full_like(known, JOINT_TEACHER, dtype=torch.int64)
        if task.is_regression:
            untaught = torch.zeros_like(joint[:, 0])
            return Lesson(untaught, teacher, untaught, torch.zeros_like(known))
        likely = self.likely[task.name][rows].to(joint)
        sureness, labels = likely.max(dim=1)
        return Lesson(
            labels=labels,
            teacher=teacher,
            confidence=torch.where(known, sureness, 0.0),
            keep=known & (sureness >= (self.threshold or 0.0)),
            soft=likely if self.soft else None,
        )


def _differ(consensus: Consensus, classes: Mapping[str, tuple[str, ...]]) -> str:
    """The first task or class in which a file differs from the data."""
    for task in sorted({*consensus.classes, *classes}):
        if task not in consensus.classes:
            return f"the file lacks the task {task!r}, it has {', '.join(consensus.classes)}."
        if task not in classes:
            return f"the data lack the task {task!r}, they have {', '.join(classes)}."
        found, wanted = consensus.classes[task], classes[task]
        if found != wanted:
            return f"{task!r} has {_list(found)} in the file, but {_list(wanted)} in the data."
    raise AssertionError(classes)


def _list(names: tuple[str, ...]) -> str:
    shown = ", ".join(names)
    return f"{len(names)} classes, {shown[:100]}{' ...' if len(shown) > 100 else ''}"
