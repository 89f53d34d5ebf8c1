"""The options that say where several trainings run beside each other."""

from typing import TYPE_CHECKING, Any

from .numbers import MAX_PROCESSES, add_integer, add_real
from .options import check_device

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..grid.executor import Executor


def add_executor_options(parser: "ArgumentParser", name: str) -> None:
    """Let the user say where trainings run; `make_executor` reads it.

    Args:
        parser: to add to; it has `--device`.
        name: what the command calls one of them, such as "cell".
    """
    add_integer(
        parser,
        "--processes",
        most=MAX_PROCESSES,
        help=f"{name}s that run beside each other; default: 1, and with --ray what there is",
    )
    add_integer(parser, "--threads", most=MAX_PROCESSES, default=1, help=f"of each {name}")
    parser.add_argument(
        "--ray", action="store_true", help=f"run {name}s on Ray, on the cluster it is connected to or locally"
    )
    add_real(
        parser, "--gpus", most=MAX_PROCESSES, default=0.0, help=f"that each {name} asks Ray for; may be a fraction"
    )


def make_executor(options: Any) -> "Executor":  # noqa: ANN401 - argparse's namespace
    """The executor that `add_executor_options` asked for.

    Raises:
        AcclimateError: if Ray, or the device, cannot be had.
    """
    if options.ray:
        from ..grid.ray_executor import RayActors

        # What its nodes have is found out there.
        return RayActors(options.threads, options.gpus, options.processes)

    from ..grid.local_processes import LocalProcesses

    check_device(options.device)
    return LocalProcesses(options.processes or 1, options.threads)
