"""The options that say where several trainings run beside each other, and what they share."""

from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any, Final

from .numbers import MAX_PROCESSES, add_integer, add_real
from .options import check_device, open_prepared_cache

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from ..grid.executor import Executor


PREPARED_FOLDER: Final = ".prepared"

PREPARED_BYTES: Final = 8 * 2**30
"""Of disk, that cells may share prepared samples in while the command runs."""


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


def place_prepared(options: Any) -> tuple[str, int]:  # noqa: ANN401 - argparse's namespace
    """Where trainings share what is made of files: with the trunks, or in their folder until the command ends."""
    cache = open_prepared_cache(options.cache_trunks, options.cache_size)
    if cache is None:
        return str((options.out / PREPARED_FOLDER).absolute()), PREPARED_BYTES
    return str(cache.folder.absolute()), cache.max_bytes


def drop_prepared(out: Path) -> None:
    """Remove what trainings shared in their folder."""
    rmtree(out / PREPARED_FOLDER, ignore_errors=True)
