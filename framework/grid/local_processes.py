"""Jobs in processes of this machine."""

from collections import deque
from collections.abc import Generator
from pathlib import Path

import attrs

from .executor import Executor, Job, Outcome
from .processes import Task, open_processes


@attrs.define(eq=False)
class LocalProcesses(Executor):
    """A process for each job, so many at a time, each ended with this one.

    Args:
        processes: how many run beside each other.
        threads: of each.
    """

    processes: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    threads: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    _waiting: deque[tuple[Job, Path]] = attrs.field(factory=deque, init=False)

    def submit(self, cell: Job, out: Path) -> None:
        """Queue a job."""
        self._waiting.append((cell, out))

    def outcomes(self) -> Generator[Outcome]:
        """Start processes as others end."""
        running, notes = 0, {"executor": "local processes", "processes": self.processes}
        processes = open_processes(self.threads)
        try:
            while self._waiting or running:
                while self._waiting and running < self.processes:
                    job, out = self._waiting.popleft()
                    processes.start(Task(job, out, self.threads, notes))
                    running += 1
                ended = processes.wait()
                running -= len(ended)
                yield from ended
        finally:
            processes.close()
