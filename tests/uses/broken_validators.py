"""Validators that break one promise each, and a sound one that they are made of."""

from collections.abc import Sequence
from typing import Final

import torch
from acclimate.framework import Candidate, Side, Task, Validator
from acclimate.framework.testing import ValidatorCase
from torch import Tensor


class Sureness(Validator):
    """How sure the joint head is on the target."""

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """The mean over samples."""
        return [self.sureness(candidate.both[1], task.name).mean().item() for candidate in candidates]

    def sureness(self, target: Side, task: str) -> Tensor:
        """Of each sample."""
        return target.outputs.joint_logits(task).softmax(dim=1).amax(dim=1)


class Deviation(Sureness):
    """Is not finite on one sample."""

    def sureness(self, target: Side, task: str) -> Tensor:
        """The variance over samples."""
        values = super().sureness(target, task)
        return (values - values.mean()).square() * len(values) / (len(values) - 1)


class Ranking(Sureness):
    """Says the best first."""

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """In descending order."""
        return sorted(super().score(candidates, task), reverse=True)


class LaterFirst(Sureness):
    """Counts later samples more."""

    def sureness(self, target: Side, task: str) -> Tensor:
        """Times their place."""
        return super().sureness(target, task) * torch.arange(len(target.batch))


class AllPresent(Sureness):
    """Takes absent samples for data."""

    def sureness(self, target: Side, task: str) -> Tensor:
        """Of the first modality's head."""
        return target.outputs.logits[task][target.batch.modalities[0]].softmax(dim=1).amax(dim=1)


class Oracle(Sureness):
    """Looks at the target's labels where there are some."""

    def sureness(self, target: Side, task: str) -> Tensor:
        """Whether the joint head is right."""
        values, labels = super().sureness(target, task), (target.batch.labels or {}).get(task)
        return values if labels is None else (target.outputs.joint_logits(task).argmax(dim=1) == labels).float()


class Tiring(Sureness):
    """Says less each time that it is asked."""

    asked = 0

    def score(self, candidates: Sequence[Candidate], task: Task) -> list[float]:
        """The mean over samples, less a little."""
        self.asked += 1
        return [score - self.asked for score in super().score(candidates, task)]


BROKEN: Final[list[tuple[str, ValidatorCase, str]]] = [
    ("scores", ValidatorCase(Deviation), r"Deviation: its scores on 'batches of one' are not finite: \[nan, nan\]."),
    ("candidate order", ValidatorCase(Ranking), "Ranking: its scores change with the order of candidates: .* and not "),
    ("sample order", ValidatorCase(LaterFirst), "LaterFirst: its scores change with the order of samples: .* and not "),
    ("absent samples", ValidatorCase(AllPresent), "AllPresent: its scores change when .* stands where a modality is"),
    ("target labels", ValidatorCase(Oracle), "Oracle: its scores change when the target's batch carries labels: "),
    ("same scores", ValidatorCase(Tiring), r"Tiring: its scores are \[.*\] the second time, and were \[.*\]."),
]
"""The only promise that a part breaks, and the sentence for it."""
