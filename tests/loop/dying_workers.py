"""Lose workers to SIGKILL, and print what is said of it: run by test_workers.py in a process of its own."""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import attrs
import torch
from acclimate.framework import WorkerError, adapt_table
from acclimate.framework.data import read_table
from acclimate.framework.training.display import Display
from acclimate.framework.training.read_ahead import ReadAhead
from acclimate.framework.training.run_options import RunOptions
from torch.utils.data import Dataset

from .small import make_experiment, make_recipe

LISTS = [[number, number] for number in range(9)]


class _Fatal(Dataset[int]):
    """The sum of some indices; the first worker that is asked for 5 dies."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __getitem__(self, indices: list[int]) -> int:
        if 5 in indices and not self._mark.exists():
            self._mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return sum(indices)


class _KillingWorkers(Display):
    """Kills the workers from a step, while nobody reads."""

    def step(self, epochs: float, loss: torch.Tensor) -> None:
        """Kill, and wait to be told of it."""
        for process in multiprocessing.active_children():
            if process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
        time.sleep(20)


def failure(work: Callable[[], object]) -> str | None:
    """What is said of a worker's death, if there is one."""
    try:
        work()
    except WorkerError as error:
        return str(error)
    return None


def main(table: Path, out: Path) -> None:
    """Lose a worker that is waited for, read again, then lose all in a step of a run."""
    reader = ReadAhead(_Fatal(out / "mark"), workers=2, pin=False)
    found: dict[str, object] = {"reading": failure(lambda: list(reader.read(LISTS)))}
    found["again"] = list(reader.read(LISTS))
    recipe = make_recipe(stages=[{"name": "only", "epochs": 1}])
    experiment = attrs.evolve(make_experiment(read_table(table), recipe), workers=1)
    found["step"] = failure(
        lambda: adapt_table(experiment, out / "run", RunOptions(display=_KillingWorkers()), reference=None)
    )
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
