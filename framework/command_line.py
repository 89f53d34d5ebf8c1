"""The program `acclimate`: each command is a module of `acclimate.framework.commands`, imported when asked for."""

import os
import sys
from argparse import ArgumentError
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Final

from .errors import AcclimateError
from .terminal import printable

COMMANDS: Final = {
    "adapt": "train a recipe on a table of files and adapt it to a target domain",
    "evaluate": "score a run or an artefact, with every subset of its modalities",
    "export": "write a run as one ONNX artefact",
    "predict": "classify files with an artefact; needs no torch",
    "serve": "answer requests with an artefact, over KServe's server",
    "compare": "run recipes on shifts with several seeds, and compare them with source-only",
    "data": "check a table of files, corrupt one, or convert a pickle",
    "zoo": "list, show, pull and verify adapted checkpoints, train them again, publish more",
    "report": "write one HTML page about a finished run",
    "demo": "train, adapt, export and evaluate on real signals, in minutes",
}
BAD_USE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: after the program's name; None means those of this process.

    Returns:
        0, or 2 after one line on standard error that says what is wrong; where a command's outcome may be good or bad,
        as that of `zoo reproduce`, 1 says that it is bad.
    """
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has enough; Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(given: list[str]) -> int:
    if not given or given[0] in {"-h", "--help"}:
        print(_help())
        return 0 if given else BAD_USE
    if given[0] == "--version":
        from importlib.metadata import version

        print(version("acclimate"))
        return 0
    try:
        return _find(given[0])(given[1:]) or 0
    except (AcclimateError, ArgumentError) as error:
        return _fail(given[0], " ".join(str(error).split()))
    except ModuleNotFoundError as error:
        if str(error.name).startswith("acclimate"):
            raise
        return _fail(given[0], f"needs the package {error.name}: pip install 'acclimate[train]'")
    except KeyboardInterrupt:
        return _fail(given[0], "interrupted; a run goes on from its last checkpoint with --resume")


def _find(name: str) -> Callable[[list[str]], int | None]:
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(COMMANDS)}"
        raise AcclimateError(f"no such command{hint}")
    command: Callable[[list[str]], int | None] = import_module(f".commands.{name}", __package__).main
    return command


def _fail(command: str, message: str) -> int:
    print(f"acclimate {printable(command)}: {printable(message)}", file=sys.stderr)
    return BAD_USE


def _help() -> str:
    lines = [f"  {name:<10}{description}" for name, description in COMMANDS.items()]
    return "usage: acclimate COMMAND ...   (acclimate COMMAND --help says more)\n\n" + "\n".join(lines)
