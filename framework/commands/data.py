"""acclimate data: check a table, measure a shift, corrupt rows, or convert a pickle to files that are safe to read."""

from importlib import import_module
from typing import Final

from ..errors import AcclimateError

COMMANDS: Final = {
    "check": "data check TABLE: count a table by domain, split, class and modality, and list every problem",
    "shift": "data shift TABLE --source A --target B: say how far each modality moved between domains",
    "corrupt": "data corrupt TABLE --domain A --out OUT: write a table with a domain of corrupted rows",
    "convert": "data convert PICKLE OUT: write the arrays (.npz) or the table (.csv) that a pickle holds",
}


def main(arguments: list[str]) -> None:
    """Run `data_<command>`, the module of the first argument."""
    if arguments and arguments[0] in {"-h", "--help"}:
        print("\n".join(COMMANDS.values()))
        return
    if not arguments or arguments[0] not in COMMANDS:
        uses = ", ".join(usage.partition(":")[0] for usage in COMMANDS.values())
        raise AcclimateError(f"there are {uses}, but got {' '.join(['data', *arguments[:1]])!r}")
    import_module(f".data_{arguments[0]}", __package__).main(arguments[1:])
