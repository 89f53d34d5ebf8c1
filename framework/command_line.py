"""Runs the commands of a program: each is a module that is imported when asked for, and errors are one line each."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final, NamedTuple

from .errors import AcclimateError
from .files.printable_text import printable
from .files.suggestion import suggestion

BAD_USE: Final = 2


class Command(NamedTuple):
    """A command of the program.

    Args:
        module: import path of the module whose `main` takes the arguments after the command's name.
        description: a line for `--help`.
    """

    module: str
    description: str


def run(commands: Mapping[str, Command], arguments: Sequence[str]) -> int:
    """Run the command that the first argument names.

    Args:
        commands: all of them, by name.
        arguments: after the program's name.

    Returns:
        0, or 2 after one line on standard error that says what is wrong; where a command's outcome may be good or bad,
        as that of `zoo reproduce`, 1 says that it is bad.
    """
    try:
        code = _run(commands, list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has enough; Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _run(commands: Mapping[str, Command], given: list[str]) -> int:
    if not given or given[0] in {"-h", "--help"}:
        print(_help(commands))
        return 0 if given else BAD_USE
    if given[0] == "--version":
        from importlib.metadata import version

        print(version("acclimate"))
        return 0
    try:
        return _find(commands, given[0])(given[1:]) or 0
    except AcclimateError as error:
        return _fail(given[0], " ".join(str(error).split()))
    except ModuleNotFoundError as error:
        if str(error.name).startswith("acclimate"):
            raise
        return _fail(given[0], f"needs the package {error.name}: pip install 'acclimate[train]'")
    except KeyboardInterrupt:
        return _fail(given[0], "interrupted; a run goes on from its last checkpoint with --resume")


def _find(commands: Mapping[str, Command], name: str) -> Callable[[list[str]], int | None]:
    if name not in commands:
        raise AcclimateError(f"no such command{suggestion(name, commands)}")
    command: Callable[[list[str]], int | None] = import_module(commands[name].module).main
    return command


def _fail(command: str, message: str) -> int:
    print(f"acclimate {printable(command)}: {printable(message)}", file=sys.stderr)
    return BAD_USE


def _help(commands: Mapping[str, Command]) -> str:
    lines = [f"  {name:<10}{command.description}" for name, command in commands.items()]
    return "usage: acclimate COMMAND ...   (acclimate COMMAND --help says more)\n\n" + "\n".join(lines)
