"""Processes of this machine, one for each job, that end with this one."""

import os
import pickle
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from .executor import LOG, Job, Outcome

_THREADS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@attrs.frozen
class Task:
    """A job on the way to its process.

    Args:
        job: what to do.
        out: folder of all jobs.
        threads: that torch computes with.
        notes: see `Job.run`.
        place: folder that relative paths begin in.
    """

    job: Job
    out: Path
    threads: int
    notes: Mapping[str, Any]
    place: str = attrs.field(factory=os.getcwd)

    @property
    def log(self) -> Path:
        """What the process prints goes there."""
        return self.out / self.job.folder / LOG

    def prepare(self) -> bytes:
        """Make its folder, with an empty log; returns what its process reads."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_bytes(b"")
        return pickle.dumps(self)

    def outcome(self, status: int) -> Outcome:
        """How its process ended.

        Args:
            status: exit code; below zero, the signal that ended it.
        """
        return Outcome(self.job, self._find_error(status), killed=status < 0)

    def _find_error(self, status: int) -> str | None:
        if status == 0:
            return None
        if status < 0:
            return f"killed by signal {-status}; the same command goes on with it"
        lines = [line for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else f"exit code {status}"


class Processes(ABC):
    """Starts processes, and waits for their ends."""

    @abstractmethod
    def start(self, task: Task) -> None:
        """Start a process for a task."""

    @abstractmethod
    def wait(self) -> list[Outcome]:
        """Wait until at least one of those that run has ended; returns how."""

    @abstractmethod
    def close(self) -> None:
        """End all that still run."""


def make_environment(threads: int) -> dict[str, str]:
    """Variables of a process that computes with so many threads, and finds what a recipe names as this one does."""
    return {**dict.fromkeys(_THREADS, str(threads)), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def open_processes(threads: int) -> Processes:
    """Processes that start with all imports made, where the system can do that safely; else fresh ones."""
    from .forked_processes import ForkedProcesses
    from .fresh_processes import FreshProcesses

    return ForkedProcesses(threads) if ForkedProcesses.can_be_had() else FreshProcesses(threads)
