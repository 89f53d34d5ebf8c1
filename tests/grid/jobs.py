"""Jobs for processes of their own, some of which come to a bad end."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
from acclimate.framework.errors import RunError


def describe() -> str:
    """Where a job runs: what it computes with, and what it shares with others."""
    import numpy as np
    import torch

    sys.stdout.write("printed\n")
    return " ".join(
        [
            str(torch.get_num_threads()),
            os.environ["OMP_NUM_THREADS"],
            repr(sys.stdin.read()),
            # The thread that waits for the end of the parent.
            str(threading.active_count()),
            str(signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL),
            Path.cwd().name,
            str(np.random.random()),  # noqa: NPY002 - what a user's code may draw from
        ]
    )


def fail() -> str:
    """Fail as a user's mistake does."""
    raise RunError("this job\nfails")


def break_down() -> str:
    """Fail as a programmer's mistake does."""
    return str({}["key"])


def exhaust_memory() -> str:
    """Ask for more than there may be."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
    return str(len(bytes(2**34)))


def leave() -> str:
    """End the process, and say that all is well."""
    os._exit(0)


def end_server() -> str:
    """End the process that this one was forked from, and stay until that is noticed."""
    os.kill(os.getppid(), signal.SIGKILL)
    return wait()


def wait() -> str:
    """Stay, until somebody ends this process."""
    threading.Event().wait()
    return ""


KINDS: Final[dict[str, Callable[[], str]]] = {
    kind.__name__: kind for kind in (describe, fail, break_down, exhaust_memory, leave, end_server, wait)
}


@attrs.frozen
class Doing:
    """Writes into `result.txt` what one of the functions above gives.

    Args:
        kind: name of the function.
        number: tells jobs of one kind from each other.
    """

    kind: str
    number: int = 0

    @property
    def folder(self) -> Path:
        """One for each."""
        return Path(f"{self.kind}-{self.number}")

    @property
    def title(self) -> str:
        """Its folder's name."""
        return self.folder.name

    def run(self, out: Path, notes: Mapping[str, Any]) -> None:
        """Run it."""
        (out / self.folder / "result.txt").write_text(f"{notes['by']} {os.getppid()} {KINDS[self.kind]()}")
