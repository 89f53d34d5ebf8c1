"""What the process of a job does. As a program, it is a fresh one, which reads its task from standard input."""

import os
import pickle
import sys
from threading import Thread

from .processes import Task


def run_task(task: Task, lifeline: int) -> int:
    """Do the job; an error that a user can cause is the last line that is printed.

    Args:
        task: what to do.
        lifeline: a file that ends when whoever started this process does, however that ends: two processes must not
            share a folder.

    Returns:
        The exit code.
    """
    Thread(target=_end_with, args=(lifeline,), daemon=True).start()

    import torch

    from ..errors import AcclimateError

    torch.set_num_threads(task.threads)
    try:
        task.job.run(task.out, task.notes)
    except AcclimateError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    return 0


def _end_with(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(run_task(pickle.load(sys.stdin.buffer), 0))  # noqa: S301 - whoever started this process wrote it
