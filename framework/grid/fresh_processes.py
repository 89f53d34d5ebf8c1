"""A fresh Python for each job: what every system can do."""

import os
import subprocess
import sys
import time
from typing import Final

import attrs

from .executor import Outcome
from .processes import Processes, Task, make_environment

POLL: Final = 0.05
"""Seconds between looks at whether a process has ended."""


@attrs.define(eq=False)
class FreshProcesses(Processes):
    """Processes that begin with nothing, and import for seconds.

    Args:
        threads: of each.
    """

    threads: int
    _running: list[tuple[Task, subprocess.Popen[bytes]]] = attrs.field(factory=list, init=False)

    def start(self, task: Task) -> None:
        """Start Python."""
        given = task.prepare()
        with task.log.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", f"{__package__}.child"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **make_environment(self.threads)},
                # Ctrl-C ends this process, and this one those.
                start_new_session=True,
            )
        self._running.append((task, process))
        if process.stdin is not None:
            process.stdin.write(given)
            # It stays open: where it ends, so does the process.
            process.stdin.flush()

    def wait(self) -> list[Outcome]:
        """Look again and again."""
        while not (ended := [each for each in self._running if each[1].poll() is not None]):
            time.sleep(POLL)
        self._running = [each for each in self._running if each not in ended]
        return [task.outcome(_finish(process)) for task, process in ended]

    def close(self) -> None:
        """Kill what runs."""
        for _, process in self._running:
            process.kill()
            _finish(process)
        self._running = []


def _finish(process: subprocess.Popen[bytes]) -> int:
    if process.stdin is not None:
        process.stdin.close()
    return process.wait()
