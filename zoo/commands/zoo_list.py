"""acclimate zoo list: which checkpoints there are. Needs no torch."""

import json
from typing import TYPE_CHECKING, Any

from ...framework.commands.options import make_parser
from .zoo_options import add_mirror_options, read_registry

if TYPE_CHECKING:
    from rich.table import Table

    from ..metrics import Score
    from ..registry_entry import RegistryEntry


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

    from ..listing import select_entries

    modalities = None if options.modalities is None else options.modalities.split(",")
    registry = read_registry(options)
    found = select_entries(registry, options.pattern, task=options.task, modalities=modalities)
    if options.json:
        print(json.dumps([_plain(entry) for entry in found], indent=1))
    elif found:
        _print_tables(found)
    else:
        print(f"none of {len(registry.entries)} checkpoints is of that name, task and modalities")


def _plain(entry: "RegistryEntry") -> dict[str, Any]:
    import attrs

    place = _place(entry)
    return {**attrs.asdict(entry), "size": entry.size, "sha256": entry.sha256, "place": place}


def _print_tables(entries: "list[RegistryEntry]") -> None:
    """A table for each set of modalities, so that 80 columns will do."""
    from rich.console import Console

    groups: dict[tuple[str, ...], list[RegistryEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.modalities, []).append(entry)
    kinds = sorted({f"{name}: {task.measure}" for entry in entries for name, task in entry.tasks.items()})
    longest = max(len(entry.name) for entry in entries)
    for modalities, members in groups.items():
        table = _make_table(members, longest, with_tasks=len(kinds) > 1)
        table.title = f"takes {', '.join(modalities)}"
        Console(markup=False).print(table)
    print(f"{kinds[0] if len(kinds) == 1 else 'scores'} on the test splits, fused; on the target (oracle)")


def _make_table(entries: "list[RegistryEntry]", longest: int, *, with_tasks: bool) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="bold")
    table.add_column("name", no_wrap=True, min_width=longest)
    if with_tasks:
        table.add_column("task", overflow="fold")
    for column in ("source", "target", "source-only", "MB"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("here", no_wrap=True)
    for entry in entries:
        here = "yes" if _place(entry) else "no"
        for name, task in entry.tasks.items():
            scores = map(_cell, (task.source, task.target, task.source_only))
            task_cell = (f"{name}: {task.measure}",) if with_tasks else ()
            table.add_row(*map(Text, (entry.name, *task_cell, *scores, f"{entry.size / 1e6:.2f}", here)))
    return table


def _cell(score: "Score | None") -> str:
    return "-" if score is None else f"{score.value:.3f}"


def _place(entry: "RegistryEntry") -> str | None:
    from ..local import find_local

    found = find_local(entry)
    return None if found is None else found.place
