"""Runs the commands of a program: each is a module that is imported when asked for, and errors are one line each."""

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Final, NamedTuple

from .errors import AcclimateError
from .files.printable_text import printable
from .files.suggestion import suggestion
from .standard_streams import silence, watch_output

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
    name = arguments[0] if arguments else ""
    codes: list[int] = []
    try:
        with watch_output():
            codes.append(_run(commands, list(arguments)))
    except BrokenPipeError:
        # Whoever read our output, such as `head`, has enough.
        return 0
    except AcclimateError as error:
        # What went wrong before that has been said.
        return codes[0] if codes and codes[0] else _fail(name, error)
    return codes[0]


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
    except BrokenPipeError:
        raise
    except (AcclimateError, ModuleNotFoundError, OSError, MemoryError, UnicodeEncodeError, KeyboardInterrupt) as error:
        line = _describe(error)
        if line is None:
            raise
        return _fail(given[0], line)


def _describe(error: BaseException) -> str | None:
    """What a user can do something about as a line; None for all else, which keeps its trace."""
    if isinstance(error, AcclimateError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        ours = str(error.name).startswith("acclimate")
        return None if ours else f"needs the package {error.name}: pip install 'acclimate[train]'"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; a run goes on from its last checkpoint with --resume"
    from .system_errors import describe_system_error

    return describe_system_error(error)


def _find(commands: Mapping[str, Command], name: str) -> Callable[[list[str]], int | None]:
    if name not in commands:
        raise AcclimateError(f"no such command{suggestion(name, commands)}")
    command: Callable[[list[str]], int | None] = import_module(commands[name].module).main
    return command


def _fail(command: str, reason: object) -> int:
    line = f"acclimate {printable(command)}: {printable(' '.join(str(reason).split()))}"
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        # There is no other place to say it: the exit code does.
        silence(sys.stderr)
    return BAD_USE


def _help(commands: Mapping[str, Command]) -> str:
    lines = [f"  {name:<10}{command.description}" for name, command in commands.items()]
    return "usage: acclimate COMMAND ...   (acclimate COMMAND --help says more)\n\n" + "\n".join(lines)
