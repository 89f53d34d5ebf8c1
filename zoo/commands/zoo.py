"""acclimate zoo: list checkpoints, pull and check them, train them again, publish more."""

from importlib import import_module
from typing import Final

from ...framework.errors import AcclimateError
from ...framework.files.suggestion import suggestion

COMMANDS: Final = {
    "list": "name the checkpoints that there are",
    "show": "say what a checkpoint is, how good it is, and where it comes from",
    "pull": "bring a checkpoint to this machine",
    "verify": "check the files of checkpoints that are on this machine",
    "reproduce": "train a checkpoint again by its own card, and compare",
    "publish": "put a finished run into a mirror, as a checkpoint",
    "site": "write a page that shows checkpoints",
}


def main(arguments: list[str]) -> int | None:
    """Run `zoo_<command>`, the module of the first argument."""
    if arguments and arguments[0] in {"-h", "--help"}:
        lines = [f"  {name:<11}{description}" for name, description in COMMANDS.items()]
        print("usage: acclimate zoo COMMAND ...   (acclimate zoo COMMAND --help says more)\n\n" + "\n".join(lines))
        return None
    if not arguments or arguments[0] not in COMMANDS:
        given = "" if not arguments else f", but got {arguments[0]!r}"
        hint = suggestion(arguments[0], COMMANDS, "") if arguments else ""
        raise AcclimateError(f"there are {', '.join(COMMANDS)}{given}{hint}")
    found: int | None = import_module(f".zoo_{arguments[0]}", __package__).main(arguments[1:])
    return found
