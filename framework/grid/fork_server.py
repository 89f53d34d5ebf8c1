"""The process that others are forked from: `python -m acclimate.framework.grid.fork_server FD MODULE ...`.

It imports modules, and computes nothing, so that no thread is in it: without threads, a fork is safe. Each fork closes
what is the server's, and goes on as a fresh process would. They end with the server, and the server with whoever
started it.
"""

import atexit
import gc
import importlib
import os
import pickle
import signal
import socket
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import attrs

if TYPE_CHECKING:
    from .processes import Task


def main() -> NoReturn:
    """Serve until the other end of the connection is closed; in each fork, run its task."""
    server = _Server(Connection(int(sys.argv[1])))
    for name in sys.argv[2:]:
        importlib.import_module(name)
    given = server.serve()
    if given is None:
        _leave(0)
    from .child import run_task

    task: Task = pickle.loads(given)  # noqa: S301 - whoever started this process wrote it
    os.chdir(task.place)
    _leave(run_task(task, server.lifeline[0]))


@attrs.define(eq=False)
class _Server:
    connection: "Connection[tuple[int, int], bytes]"
    lifeline: tuple[int, int] = attrs.field(factory=os.pipe)
    """Nothing is ever written into it: to read from it is to wait for the server's end."""
    _alarm: tuple[socket.socket, socket.socket] = attrs.field(factory=socket.socketpair)
    _running: dict[int, int] = attrs.field(factory=dict)

    def serve(self) -> bytes | None:
        """Fork for each message; returns the message in the fork, and None in the server, at its end."""
        for end in self._alarm:
            end.settimeout(0)
        signal.set_wakeup_fd(self._alarm[1].fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            # What is there is not looked at again: forks then share its memory for longer.
            gc.collect()
            gc.freeze()
            self.connection.send((0, int(_is_alone())))
            while True:
                ready = wait([self.connection, self._alarm[0]])
                if self._alarm[0] in ready:
                    with suppress(BlockingIOError):
                        self._alarm[0].recv(4096)
                if self.connection in ready:
                    number, (log, _, task) = _split(self.connection.recv_bytes())
                    if self._fork(number, Path(os.fsdecode(log))):
                        return task
                self._reap()
        except (EOFError, OSError):
            # Whoever asked is gone.
            for pid in self._running:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            return None

    def _fork(self, number: int, log: Path) -> bool:
        """Whether this is the fork."""
        try:
            pid = os.fork()
        except OSError as error:
            log.write_text(f"no process could be started: {error.strerror}\n", encoding="utf-8")
            self.connection.send((number, 1))
            return False
        if pid:
            self._running[pid] = number
            return False
        self._running.clear()
        try:
            self._become_fresh(log)
        except OSError:
            os._exit(1)
        return True

    def _become_fresh(self, log: Path) -> None:
        """Keep nothing that is the server's but what was imported, and the end of the lifeline that is read."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in self._alarm:
            end.close()
        self.connection.close()
        os.close(self.lifeline[1])
        nothing, printed = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND)
        os.dup2(nothing, 0)
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        os.close(nothing)
        os.close(printed)
        # Files may have come, and no two processes draw the same numbers where no seed was given.
        importlib.invalidate_caches()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()

    def _reap(self) -> None:
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self.connection.send((self._running.pop(pid), os.waitstatus_to_exitcode(status)))


def _split(message: bytes) -> tuple[int, tuple[bytes, bytes, bytes]]:
    """A job's number, then its log, a zero byte, and its task."""
    return int.from_bytes(message[:8], "little"), message[8:].partition(b"\0")


def _leave(code: int) -> NoReturn:
    """End as Python ends, but for taking apart what was imported: that costs more than a small training."""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.current_thread():
            thread.join()
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no other name for it
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _is_alone() -> bool:
    """Whether no thread is left once libraries have made themselves ready for a fork, as OpenBLAS does."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return threading.active_count() == 1 and len(list(Path("/proc/self/task").iterdir())) == 1


if __name__ == "__main__":
    main()
