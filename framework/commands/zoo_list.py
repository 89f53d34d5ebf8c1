"""acclimate zoo list: which checkpoints there are. Needs no torch."""

import json
from typing import TYPE_CHECKING, Any

from .options import make_parser
from .zoo_options import add_mirror_options, read_registry

if TYPE_CHECKING:
    from rich.table import Table

    from ...zoo.metrics import Score
    from ...zoo.registry_entry import RegistryEntry


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser("zoo list", "Name the checkpoints that there are, with scores on the test splits.")
    parser.add_argument("pattern", type=str, nargs="?", default="*", help="of names, such as 'rna*' or '*.wrist'")
    parser.add_argument(
        "--task", type=str, help="name of a task that they tell, or its kind: classification or regression"
    )
    parser.add_argument(
        "--modalities",
        type=str,
        metavar="A,B",
        help="the ones that you have: those are listed that take all of these; what else they take may be left out",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    add_mirror_options(parser)
    options = parser.parse_args(arguments)

    from ...zoo.listing import select_entries

    modalities = None if options.modalities is None else options.modalities.split(",")
    registry = read_registry(options)
    found = select_entries(registry, options.pattern, task=options.task, modalities=modalities)
    if options.json:
        print(json.dumps([_plain(entry) for entry in found], indent=1))
    elif found:
        from rich.console import Console

        Console().print(_make_table(found))
    else:
        print(f"none of {len(registry.entries)} checkpoints is of that name, task and modalities")


def _plain(entry: "RegistryEntry") -> dict[str, Any]:
    import attrs

    place = _place(entry)
    return {**attrs.asdict(entry), "size": entry.size, "sha256": entry.sha256, "place": place}


def _make_table(entries: "list[RegistryEntry]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(caption="scores: fused, on test splits; those of the target took its labels")
    table.add_column("name", no_wrap=True)
    table.add_column("takes")
    table.add_column("task")
    for column in ("source", "target", "source-only", "MB"):
        table.add_column(column, justify="right")
    table.add_column("place")
    for entry in entries:
        for number, (name, task) in enumerate(entry.tasks.items()):
            first = (entry.name, ", ".join(entry.modalities)) if number == 0 else ("", "")
            last = (f"{entry.size / 1e6:.2f}", _place(entry) or "") if number == 0 else ("", "")
            scores = (task.source, task.target, task.source_only)
            cells = (*first, f"{name}: {task.measure}", *map(_cell, scores), *last)
            table.add_row(*map(Text, cells))
    return table


def _cell(score: "Score | None") -> str:
    return "-" if score is None else f"{score.value:.3f}"


def _place(entry: "RegistryEntry") -> str | None:
    from ...zoo.local import find_local

    found = find_local(entry)
    return None if found is None else found.place
