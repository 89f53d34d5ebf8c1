"""Where cells run: in processes of this machine, or on Ray."""

import json
import os
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Final

import attrs

from .cell import Cell

LOG: Final = "log.txt"
"""In the folder of a cell: what its process printed."""

POLL: Final = 0.05
"""Seconds between looks at whether a process has ended."""


@attrs.frozen
class Outcome:
    """How a cell ended.

    Args:
        cell: which.
        error: one line; None where it is done.
        killed: whether it was ended from outside, and might well succeed another time.
    """

    cell: Cell
    error: str | None = None
    killed: bool = False


class Executor(ABC):
    """Runs cells beside each other; a cell that fails, or dies, is an outcome like others."""

    @abstractmethod
    def submit(self, cell: Cell, out: Path) -> None:
        """Take a cell; `out` is the folder of its grid."""

    @abstractmethod
    def outcomes(self) -> Generator[Outcome]:
        """Run all that was submitted, and say how each ended, in whatever order; who stops asking ends them all."""


@attrs.define(eq=False)
class LocalProcesses(Executor):
    """A process for each cell, so many at a time, each ended with this one.

    Args:
        processes: how many run beside each other.
        threads: of each.
    """

    processes: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    threads: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    _waiting: deque[tuple[Cell, Path]] = attrs.field(factory=deque, init=False)

    def submit(self, cell: Cell, out: Path) -> None:
        """Queue a cell."""
        self._waiting.append((cell, out))

    def outcomes(self) -> Generator[Outcome]:
        """Start processes as others end."""
        running: list[tuple[Cell, Path, subprocess.Popen[bytes]]] = []
        try:
            while self._waiting or running:
                while self._waiting and len(running) < self.processes:
                    cell, out = self._waiting.popleft()
                    running.append((cell, out / cell.folder / LOG, self._start(cell, out)))
                ended = [job for job in running if job[2].poll() is not None]
                running = [job for job in running if job not in ended]
                yield from (
                    Outcome(cell, _find_error(process, log), process.returncode < 0) for cell, log, process in ended
                )
                if not ended:
                    time.sleep(POLL)
        finally:
            for _, _, process in running:
                process.kill()
                process.wait()

    def _start(self, cell: Cell, out: Path) -> subprocess.Popen[bytes]:
        folder = out / cell.folder
        folder.mkdir(parents=True, exist_ok=True)
        threads = str(self.threads)
        job = {
            "cell": cell.to_json(),
            "out": str(out),
            "threads": self.threads,
            "notes": {"executor": "local processes", "processes": self.processes},
        }
        environment = {
            **os.environ,
            **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads),
            # What a recipe names is found there as it is here.
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        with (folder / LOG).open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", f"{__package__}.child", json.dumps(job)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                # Ctrl-C ends this process, and this one those.
                start_new_session=True,
            )


def _find_error(process: subprocess.Popen[bytes], log: Path) -> str | None:
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode == 0:
        return None
    if process.returncode < 0:
        return f"killed by signal {-process.returncode}; the same command goes on with it"
    lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"exit code {process.returncode}"
