"""Cells as Ray tasks, for grids that grow past a machine. Ray itself is imported when it is used."""

import os
import sys
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs

from ..errors import AcclimateError
from .cell import Cell
from .executor import Executor, Outcome


@attrs.define(eq=False)
class RayTasks(Executor):
    """A task for each cell, on the cluster that Ray is told of (`RAY_ADDRESS`), or on a local one that it starts.

    The grid's folder must be one that all nodes see, and so must a table. A task has a process of its own, and is not
    tried again: the same command goes on with it.

    Args:
        threads: of each cell; as many cores are asked for.
        gpus: of each cell; may be a fraction.
        processes: cells that run beside each other at most; None means as many as there is room for.

    Raises:
        AcclimateError: if Ray is not installed.
    """

    threads: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    gpus: float = attrs.field(default=0.0, validator=attrs.validators.ge(0.0))
    processes: int | None = None
    _submitted: list[tuple[Cell, Path]] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        if find_spec("ray") is None:
            raise AcclimateError("--ray needs the package ray: pip install 'acclimate[ray]'")

    def submit(self, cell: Cell, out: Path) -> None:
        """Take a cell."""
        self._submitted.append((cell, out))

    def outcomes(self) -> Generator[Outcome]:
        """Start tasks as others end."""
        import ray

        waiting, self._submitted = self._submitted[::-1], []
        if not waiting:
            return
        ray.init(ignore_reinit_error=True, log_to_driver=False, runtime_env={"env_vars": self._environment()})
        task = ray.remote(num_cpus=self.threads, num_gpus=self.gpus, max_retries=0, max_calls=1)(_run)
        running: dict[Any, Cell] = {}
        try:
            while waiting or running:
                while waiting and len(running) < (self.processes or len(running) + 1):
                    cell, out = waiting.pop()
                    notes = {"executor": "Ray", "processes": self.processes}
                    running[task.remote(cell.to_json(), str(out.absolute()), self.threads, notes)] = cell
                (ended,), _ = ray.wait(list(running))
                yield _find_outcome(running.pop(ended), ended)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)
            ray.shutdown()

    def _environment(self) -> dict[str, str]:
        threads = str(self.threads)
        return {
            **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }


def _run(cell: dict[str, Any], out: str, threads: int, notes: dict[str, Any]) -> str | None:
    """What a task does; an error that a user can cause is its result, so that it stays one line."""
    import torch

    from .run_cell import run_cell

    torch.set_num_threads(threads)
    try:
        run_cell(Cell.from_json(cell), Path(out), notes)
    except AcclimateError as error:
        return " ".join(str(error).split())
    return None


def _find_outcome(cell: Cell, reference: Any) -> Outcome:  # noqa: ANN401
    import ray
    from ray.exceptions import RayError, RayTaskError

    try:
        return Outcome(cell, ray.get(reference))
    except RayTaskError as error:
        return Outcome(cell, str(error).strip().splitlines()[-1])
    except RayError as error:
        return Outcome(cell, f"its worker died: {' '.join(str(error).split())[:200]}", killed=True)
