"""What several commands share: a parser whose errors are one line, and readers of common options."""

import os
import sys
from argparse import Action, ArgumentDefaultsHelpFormatter, ArgumentParser
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from ..errors import AcclimateError
from ..files.outputs import check_output
from ..files.shown_value import shown
from .numbers import add_integer, add_real, add_seed

if TYPE_CHECKING:
    from argparse import Namespace

    from accelerate import Accelerator

    from ..data import Problem, Schema
    from ..data.labels import TaskKind
    from ..data.prepared_cache import PreparedCache
    from ..encoders.trunk_cache import TrunkCache
    from ..training.oracle import Oracle
    from ..training.run_options import RunOptions


class CommandParser(ArgumentParser):
    """A parser that raises an error of ours instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the arguments."""
        raise AcclimateError(message)


class _Defaults(ArgumentDefaultsHelpFormatter):
    """Says what an option is where it is not given, if it is anything then."""

    def __init__(self, prog: str) -> None:
        # argparse makes a formatter for every parser, and would import shutil, with all its archives, for the width.
        super().__init__(prog, width=_find_width() - 2)

    def _get_help_string(self, action: Action) -> str | None:
        return action.help if action.default in (None, False, []) else super()._get_help_string(action)


def _find_width() -> int:
    """Columns of the terminal, as shutil finds them."""
    with suppress(ValueError):
        told = int(os.environ.get("COLUMNS", ""))
        if told > 0:
            return told
    stdout = sys.__stdout__
    # It may be closed, or no terminal.
    with suppress(OSError, ValueError):
        if stdout is not None:
            return os.get_terminal_size(stdout.fileno()).columns or 80
    return 80


def make_parser(command: str, description: str) -> CommandParser:
    """The parser of a command."""
    return CommandParser(
        prog=f"acclimate {command}", description=description, formatter_class=_Defaults, allow_abbrev=False
    )


def read_settings(settings: Sequence[str]) -> dict[str, Any]:
    """`KEY=VALUE` pairs, values read as YAML.

    Raises:
        AcclimateError: if a pair has no equals sign, or its value cannot be read, see `parse_yaml`.

    Example:
        >>> read_settings(["training.batch_size=64"])
        {'training.batch_size': 64}
    """
    from ..files.strict_yaml import parse_yaml

    found = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise AcclimateError(f"--set takes KEY=VALUE, but got {shown(setting)}")
        try:
            found[key] = parse_yaml(value)
        except ValueError as error:
            raise AcclimateError(f"--set {key:.120}: {shown(value)}: {error}") from error
    return found


def add_task_option(parser: ArgumentParser) -> None:
    """Let the user say what a task is; `read_kinds` reads it."""
    parser.add_argument(
        "--task",
        type=str,
        action="append",
        default=[],
        metavar="NAME=KIND",
        help="a task whose labels do not show its kind: classes or regression; such as label=regression",
    )


def read_kinds(tasks: Sequence[str]) -> dict[str, "TaskKind"]:
    """`NAME=KIND` pairs.

    Raises:
        AcclimateError: if a pair is not of this form, or its kind is neither `classes` nor `regression`.

    Example:
        >>> read_kinds(["label=regression"])
        {'label': 'regression'}
    """
    found: dict[str, TaskKind] = {}
    for task in tasks:
        name, _, kind = task.partition("=")
        if kind not in {"classes", "regression"}:
            raise AcclimateError(f"--task takes NAME=classes or NAME=regression, but got {task!r}")
        found[name] = cast("TaskKind", kind)
    return found


def add_skip_option(parser: ArgumentParser) -> None:
    """Let the user ask that rows whose files cannot be used are left out."""
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="leave out rows whose files cannot be read or do not fit; all files are read first, and each such row is "
        "named with its reason",
    )


def count_skipped(problems: Sequence["Problem"]) -> str:
    """How many rows were left out, as words.

    Example:
        >>> from acclimate.framework.data import Problem
        >>> count_skipped([Problem("no.", 2, "a", "audio"), Problem("no.", 2, "a", "image")])
        'left out 1 row that cannot be used'
    """
    rows = len({(problem.line, problem.id) for problem in problems})
    return f"left out {rows} row{'s' * (rows != 1)} that cannot be used"


def add_cache_options(parser: ArgumentParser) -> None:
    """Let the user ask that activations of frozen trunks are kept; `open_trunk_cache` opens the cache."""
    parser.add_argument(
        "--cache-trunks",
        type=str,
        nargs="?",
        const=_default_cache(),
        metavar="DIR",
        help="keep what the frozen layers of pretrained encoders make of each sample, so that only the layers that "
        "train are run, and pictures, sound and texts as encoders take them; without DIR in "
        f"{_default_cache()}, which all runs share",
    )
    add_real(
        parser,
        "--cache-size",
        least=2**-30,
        most=2**30,
        default=16.0,
        metavar="GIB",
        help="that each of the two may take of the disk",
    )


def open_trunk_cache(folder: str | None, gibibytes: float) -> "TrunkCache | None":
    """The cache that `add_cache_options` asked for.

    Args:
        folder: None means that nothing is kept.
        gibibytes: that it may take.
    """
    if folder is None:
        return None
    from ..encoders.trunk_cache import TrunkCache

    return TrunkCache(Path(folder), int(gibibytes * 2**30))


def open_prepared_cache(folder: str | None, gibibytes: float) -> "PreparedCache | None":
    """Where pictures, sound and texts are kept as encoders take them, in the folder of the trunks; see above."""
    if folder is None:
        return None
    from ..data.prepared_cache import PREPARED, PreparedCache

    return PreparedCache(Path(folder) / PREPARED, int(gibibytes * 2**30))


def _default_cache() -> str:
    from ..data.array_cache import cache_folder

    return str(cache_folder() / "trunks")


def check_table_output(out: Path, table: str) -> None:
    """Refuse before the work a table that cannot be written, or is the one that is read.

    Args:
        out: table to write.
        table: that is read, or name of a built-in data set.

    Raises:
        AcclimateError: if it is the same file, has another name than a table's, or cannot be written.
    """
    from ..data.records import check_table_name

    check_table_name(out)
    check_output(out, [table])


def choose_domains(
    data: str, source: str | None, target: str | None, known: Collection[str] = ()
) -> tuple[tuple[str, ...], str | None]:
    """Source and target domains: those given, else those that a built-in data set is meant for.

    Args:
        data: table, or name of a built-in data set.
        source: a domain, or several as `A+B`.
        target: a domain; "none" means that there is none.
        known: domains of the table, see `read_domains`.

    Raises:
        AcclimateError: if a table of the user's comes without a source, or a built-in data set is not known.
    """
    from ..data import builtin_names, default_domains
    from ..data.domain_names import read_domains

    if data in builtin_names() or not Path(data).suffix:
        first, second = default_domains(data)
        source, target = source or first, target or second
    if source is None:
        raise AcclimateError("--source must name a domain of the table, such as --source A, but is missing")
    return read_domains(source, known), None if target in {None, "none"} else target


def add_run_options(parser: ArgumentParser) -> None:
    """Let the user say how a run is carried out; `read_run_options` reads it."""
    add = parser.add_argument
    add("--resume", action="store_true", help="go on with the run that is in the folder")
    add_seed(parser, help="of weights, order and validation rows")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    add_integer(parser, "--checkpoint-every", metavar="STEPS", help="steps between checkpoints within an epoch")
    add("--tensorboard", action="store_true", help="write TensorBoard's files into the run folder")


def read_run_options(
    options: "Namespace", precision: str, oracle: "Callable[[Schema], Oracle] | None" = None
) -> "RunOptions":
    """What `add_run_options` asked for, with a bar that shows progress.

    Args:
        options: the command's, with the run folder as `out`.
        precision: of the recipe.
        oracle: see `RunOptions`.

    Raises:
        AcclimateError: if the device is not there.
    """
    from ..training.display import RichDisplay
    from ..training.run_options import RunOptions

    return RunOptions(
        seed=options.seed,
        resume=options.resume,
        accelerator=make_accelerator(options.device, precision),
        display=RichDisplay(options.out / "tensorboard" if options.tensorboard else None),
        checkpoint_every=options.checkpoint_every,
        oracle=oracle,
    )


def check_run_folder(out: Path, *, resume: bool) -> None:
    """Refuse before any data is read a folder in which no run can be written.

    Args:
        out: run folder.
        resume: whether to go on with the run that is there.

    Raises:
        AcclimateError: if it cannot be written, or holds something else.
    """
    # Of several processes that accelerate starts, the first looks for all: looking makes folders, and removes them.
    if os.environ.get("RANK", "0") == "0":
        from ..files.folders import check_folder
        from ..runs.run_folder import check_free

        check_free(out, resume=resume)
        check_folder(out)


def check_device(device: str) -> None:
    """Refuse a GPU where there is none: accelerate would go on without.

    Raises:
        AcclimateError: if the device is not there.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise AcclimateError("--device cuda: torch finds no CUDA device on this machine")


def make_accelerator(device: str, precision: str) -> "Accelerator":
    """An Accelerator for a device: "auto" takes what accelerate finds.

    Raises:
        AcclimateError: if the device is not there.
    """
    from accelerate import Accelerator

    check_device(device)
    return Accelerator(cpu=device == "cpu", mixed_precision=precision)
