"""Where the cells of a grid run, or whatever else trains beside each other and must not end together."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import attrs

LOG: Final = "log.txt"
"""In the folder of a job: what its process printed."""


class Job(Protocol):
    """What a process of its own is for, such as a `Cell`.

    It is pickled on its way there, so its class must be one that another process can import. It leaves its result as
    files in its folder: these are there for whoever goes on with what was cut short, too.
    """

    @property
    def folder(self) -> Path:
        """Where its files lie, in the folder of all jobs; no two of them have the same."""

    @property
    def title(self) -> str:
        """What progress and errors call it."""

    def run(self, out: Path, notes: Mapping[str, Any]) -> None:
        """Do the work, or go on with what is there of it.

        Args:
            out: folder of all jobs.
            notes: where it runs, to be written down beside the versions.

        Raises:
            AcclimateError: one line that names what is wrong; all else keeps its trace, in the log.
        """


@attrs.frozen
class Outcome:
    """How a job ended.

    Args:
        cell: which.
        error: one line; None where it is done.
        killed: whether it was ended from outside, and might well succeed another time.
    """

    cell: Job
    error: str | None = None
    killed: bool = False


class Executor(ABC):
    """Runs jobs beside each other; one that fails, or dies, is an outcome like others, and ends no other.

    To train something else than a grid's cells side by side, resumable one by one: write a `Job`, whose `run` goes on
    with what its folder holds; submit those whose result is not there yet; read the results when all have ended.

    Example:
        >>> from acclimate.framework.grid.local_processes import LocalProcesses
        >>> candidates: list[Job] = []
        >>> executor = LocalProcesses(processes=2)
        >>> for candidate in candidates:
        ...     executor.submit(candidate, Path("out"))
        >>> [outcome.cell.title for outcome in executor.outcomes() if outcome.error is not None]
        []
    """

    @abstractmethod
    def submit(self, cell: Job, out: Path) -> None:
        """Take a job; `out` is the folder of all jobs."""

    @abstractmethod
    def outcomes(self) -> Generator[Outcome]:
        """Run all that was submitted, and say how each ended, in whatever order; who stops asking ends them all."""
