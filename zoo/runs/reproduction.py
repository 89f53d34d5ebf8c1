"""Train a checkpoint again by its own card, and compare."""

from collections.abc import Iterator, Mapping
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import torch
from torch import Tensor

from ...framework.runs.run_folder import BEST, RunFolder
from ..adapted_model import AdaptedModel
from ..config import Machine
from ..metrics import Score
from .data_digest import digest_data
from .from_run import read_machine
from .measuring import measure_run
from .numbers import Number, read_metrics
from .training import Device, Training, threads_of_torch

if TYPE_CHECKING:
    from ...framework.training.display import Display


@attrs.frozen
class ReproducedNumber:
    """A number of the card beside the same of today.

    Args:
        card: what the card says.
        now: what came out now; None where rows have no labels any more.
    """

    card: Score
    now: float | None

    @property
    def difference(self) -> float | None:
        """How much more it is now."""
        return None if self.now is None else self.now - self.card.value

    @property
    def is_within(self) -> bool | None:
        """Whether it is the card's, or within two standard deviations of the mean over the card's seeds.

        Other weights are another draw of the same training, so the mean is what they are compared with. None where they
        differ, and the card knows of one seed only.
        """
        if self.now is None:
            return False
        if isclose(self.now, self.card.value, abs_tol=1e-9):
            return True
        return None if self.card.std is None else abs(self.now - self.card.mean) <= 2 * self.card.std


@attrs.frozen
class Reproduction:
    """What came out when a checkpoint was trained again.

    Args:
        run: folder of the new run.
        numbers: by what they are of.
        differing_weights: names of the weights that are not bit-equal.
        differences: what is not as it was when the checkpoint was trained: versions, threads, processor, data.
        seconds: that training took.
    """

    run: Path
    numbers: Mapping[Number, ReproducedNumber]
    differing_weights: tuple[str, ...]
    differences: tuple[str, ...]
    seconds: float

    @property
    def is_within(self) -> bool:
        """Whether the fused scores with all modalities, of source and target, are within two standard deviations.

        Where the card knows of one seed only, they must be equal.
        """
        return all(found.is_within for number, found in self.numbers.items() if number.is_headline)


def reproduce(
    adapted: AdaptedModel,
    out: Path,
    *,
    data: str | None = None,
    threads: int | None = None,
    device: Device = "cpu",
    skip_bad: bool = False,
    display: "Display | None" = None,
) -> Reproduction:
    """Train a checkpoint again from its own configuration, score it the same way, and compare.

    Args:
        adapted: the checkpoint.
        out: run folder; one that a killed call left is gone on with.
        data: its table, where it is no built-in data set.
        threads: of torch, on a CPU; None means as many as the checkpoint was trained with.
        device: where to train; the bits of a GPU are its own.
        skip_bad: leave out rows whose files cannot be used.
        display: shows progress.

    Raises:
        AcclimateError: if the data is not there, or the folder holds something else.
    """
    config = adapted.config
    training = Training.of_checkpoint(config, data, skip_bad=skip_bad)
    digest = digest_data(training.open_table(), training.domains)
    threads = threads or config.machine.threads
    run = training.run(out, threads=threads, device=device, display=display)
    with threads_of_torch(threads):
        measured = measure_run(run)
    machine, card, found = read_machine(run.environment), read_metrics(adapted.metrics), measured.numbers
    return Reproduction(
        run=out,
        numbers={number: ReproducedNumber(score, found.get(number)) for number, score in card.items()},
        differing_weights=tuple(_differing(adapted.model.state_dict(), measured.model.state_dict())),
        differences=(*_data_differences(config.trained_on.digest, digest), *differences(config.machine, machine)),
        seconds=float(run.epochs[-1]["seconds"]),
    )


def find_differing_weights(run: Path, other: Path) -> tuple[str, ...]:
    """Names of the weights in which the models of two runs differ, by their best checkpoints.

    Raises:
        RunError: if there is no such run.
    """
    first, second = (RunFolder.open(path).load(BEST).under("method.model.") for path in (run, other))
    return tuple(_differing(first, second))


def differences(before: Machine, now: Machine) -> Iterator[str]:
    """What is not as it was, in words: versions, number of threads, processor.

    Example:
        >>> before = Machine("3.11.7", "Linux", "one", 1, {"torch": "2.11"})
        >>> list(differences(before, Machine("3.11.7", "Linux", "another", 1, {"torch": "2.14"})))
        ['processor: one, now another', 'torch: 2.11, now 2.14']
    """
    for name in ("processor", "threads", "platform", "python"):
        if getattr(before, name) != getattr(now, name):
            yield f"{name}: {getattr(before, name)}, now {getattr(now, name)}"
    for package in sorted(before.packages.keys() | now.packages.keys()):
        versions = [machine.packages.get(package, "not installed") for machine in (before, now)]
        if versions[0] != versions[1]:
            yield f"{package}: {versions[0]}, now {versions[1]}"


def _data_differences(before: str | None, now: str) -> Iterator[str]:
    if before is not None and before != now:
        yield f"data: digest {before[:12]}, now {now[:12]}: rows, splits, labels or files are others"


def _differing(before: Mapping[str, Tensor], now: Mapping[str, Tensor]) -> Iterator[str]:
    for name in sorted(before.keys() | now.keys()):
        if name not in before or name not in now or not torch.equal(before[name], now[name]):
            yield name
