"""Jobs on Ray, for grids that grow past a machine. Ray itself is imported when it is used."""

from collections.abc import Callable, Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import attrs

from ..errors import AcclimateError
from .executor import Executor, Job, Outcome
from .processes import Task, make_environment, open_processes


@attrs.define(eq=False)
class RayActors(Executor):
    """Actors on the cluster that Ray is told of (`RAY_ADDRESS`), or on a local one that it starts.

    An actor runs one job after the other, each in a process of its own as on one machine. The folder of the jobs must
    be one that all nodes see, and so must a table. A job is not tried again: the same command goes on with it.

    Args:
        threads: of each job; as many cores are asked for.
        gpus: of each job; may be a fraction.
        processes: jobs that run beside each other at most; None means as many as there is room for.

    Raises:
        AcclimateError: if Ray is not installed.
    """

    threads: int = attrs.field(default=1, validator=attrs.validators.ge(1))
    gpus: float = attrs.field(default=0.0, validator=attrs.validators.ge(0.0))
    processes: int | None = None
    _submitted: list[tuple[Job, Path]] = attrs.field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        if find_spec("ray") is None:
            raise AcclimateError("--ray needs the package ray: pip install 'acclimate[ray]'")

    def submit(self, cell: Job, out: Path) -> None:
        """Take a job."""
        self._submitted.append((cell, out))

    def outcomes(self) -> Generator[Outcome]:
        """Give each actor a job as it is free."""
        import ray

        waiting, self._submitted = self._submitted[::-1], []
        if not waiting:
            return
        environment = {"env_vars": make_environment(self.threads)}
        ray.init(ignore_reinit_error=True, log_to_driver=False, runtime_env=environment)
        hire: Callable[[int], Any] = ray.remote(num_cpus=self.threads, num_gpus=self.gpus)(_Worker).remote
        notes = {"executor": "Ray", "processes": self.processes}
        # An actor has no job before it has answered: until then, Ray may not have found room for it.
        asked: dict[Any, tuple[Any, Job | None]] = {}
        try:
            for _ in range(min(self.processes or len(waiting), len(waiting))):
                worker = hire(self.threads)
                asked[worker.is_there.remote()] = worker, None
            while waiting or any(job is not None for _, job in asked.values()):
                (ended,), _ = ray.wait(list(asked))
                worker, job = asked.pop(ended)
                error, killed, lives = _read_answer(ended)
                if job is None and not lives and waiting:
                    # Were it no job's fault that there is no actor, one would be asked for again and again.
                    job, _ = waiting.pop()
                if job is not None:
                    yield Outcome(job, error, killed)
                if waiting and not lives:
                    worker = hire(self.threads)
                    asked[worker.is_there.remote()] = worker, None
                elif waiting:
                    job, out = waiting.pop()
                    asked[worker.run.remote(job, out.absolute(), notes)] = worker, job
        finally:
            for worker, _ in asked.values():
                ray.kill(worker)
            ray.shutdown()


class _Worker:
    """An actor: it computes nothing itself, so that a job may take its process down, and not the actor."""

    def __init__(self, threads: int) -> None:
        self._threads, self._processes = threads, open_processes(threads)

    def is_there(self) -> tuple[None, bool]:
        """Say so."""
        return None, False

    def run(self, job: Job, out: Path, notes: dict[str, Any]) -> tuple[str | None, bool]:
        """Run a job; returns its error, and whether it was killed."""
        self._processes.start(Task(job, out, self._threads, notes))
        (outcome,) = self._processes.wait()
        return outcome.error, outcome.killed


def _read_answer(reference: Any) -> tuple[str | None, bool, bool]:  # noqa: ANN401
    """A job's error, whether it was killed, and whether the actor lives."""
    import ray
    from ray.exceptions import RayActorError, RayError, RayTaskError

    try:
        return *ray.get(reference), True
    except RayActorError as error:
        return f"its worker died: {' '.join(str(error).split())[:200]}", True, False
    except RayTaskError as error:
        return str(error).strip().splitlines()[-1], False, True
    except RayError as error:
        return f"its worker failed: {' '.join(str(error).split())[:200]}", True, False
