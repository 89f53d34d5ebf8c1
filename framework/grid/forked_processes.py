"""Processes that start with everything imported: forks of one that has done so, and nothing else."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Final

import attrs

from .executor import Outcome
from .fresh_processes import FreshProcesses
from .processes import Processes, Task, make_environment

IMPORTS: Final = (
    "acclimate.framework.grid.run_cell",
    # These are imported when first needed: by optimisers, by jsonargparse, by locks, and by torch and numpy themselves.
    "torch._dynamo",
    "docstring_parser",
    "filelock",
    "numpy.ma",
    "numpy.ctypeslib",
)
"""What the cell of any recipe needs. What its classes need beyond that, such as timm, it imports itself."""


@attrs.define(eq=False)
class ForkedProcesses(Processes):
    """Forks of a process that is started when the first is asked for; see `fork_server`.

    Where that process cannot be had, or is not safe to fork, jobs get fresh ones. Where it dies, so do its forks, as
    if killed, and the next job gets another.

    Args:
        threads: of each.
        imports: modules that are there when a job begins. None of them may start a thread.
    """

    threads: int
    imports: Sequence[str] = IMPORTS
    _server: "subprocess.Popen[bytes] | None" = attrs.field(default=None, init=False)
    _connection: "Connection[bytes, tuple[int, int]] | None" = attrs.field(default=None, init=False)
    _running: dict[int, Task] = attrs.field(factory=dict, init=False)
    _started: int = attrs.field(default=0, init=False)
    _fresh: FreshProcesses | None = attrs.field(default=None, init=False)
    _dead: list[Outcome] = attrs.field(factory=list, init=False)

    @staticmethod
    def can_be_had() -> bool:
        """Whether a process can be forked: macOS can, but its libraries do not survive it."""
        return sys.platform == "linux"

    def start(self, task: Task) -> None:
        """Fork."""
        if self._server is None and self._fresh is None and not self._start_server():
            self._fresh = FreshProcesses(self.threads)
        if self._fresh is not None:
            self._fresh.start(task)
            return
        given = task.prepare()
        self._started += 1
        self._running[self._started] = task
        try:
            self._connect().send_bytes(self._started.to_bytes(8, "little") + os.fsencode(task.log) + b"\0" + given)
        except OSError:
            self._bury_server()

    def wait(self) -> list[Outcome]:
        """Ask the server."""
        if self._dead:
            ended, self._dead = self._dead, []
            return ended
        if self._fresh is not None:
            return self._fresh.wait()
        try:
            number, status = self._connect().recv()
        except (EOFError, OSError):
            self._bury_server()
            return self.wait()
        return [self._running.pop(number).outcome(status)]

    def close(self) -> None:
        """Let go of the server, which then ends what runs, and itself."""
        if self._fresh is not None:
            self._fresh.close()
        if self._connection is not None:
            self._connection.close()
        if self._server is not None:
            self._server.wait()
        self._server, self._connection, self._running = None, None, {}

    def _start_server(self) -> bool:
        """Whether there is one now that can be forked."""
        ours, its = socket.socketpair()
        with its:
            self._connection = Connection(ours.detach())
            self._server = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", f"{__package__}.fork_server", str(its.fileno()), *self.imports],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[its.fileno()],
                env={**os.environ, **make_environment(self.threads)},
                # Ctrl-C ends this process, and this one those.
                start_new_session=True,
            )
        is_safe = 0
        try:
            with suppress(EOFError, OSError):
                _, is_safe = self._connect().recv()
        finally:
            if not is_safe:
                # It may still be importing, where Ctrl-C must not wait for it.
                self._server.kill()
                self.close()
        return bool(is_safe)

    def _connect(self) -> "Connection[bytes, tuple[int, int]]":
        if self._connection is None:
            raise RuntimeError("no server was started")
        return self._connection

    def _bury_server(self) -> None:
        self._dead += [task.outcome(-signal.SIGKILL) for task in self._running.values()]
        self.close()
