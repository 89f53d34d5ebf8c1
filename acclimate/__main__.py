"""The program `acclimate`, which `python -m acclimate` is too."""

import sys
from collections.abc import Sequence

from .commands import COMMANDS
from .framework.command_line import run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: after the program's name; None means those of this process.

    Returns:
        What `run` says.
    """
    return run(COMMANDS, sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
