"""acclimate zoo show: what a checkpoint is, how good it is, and where it comes from. Needs no torch."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...framework.commands.options import make_parser
from .zoo_options import add_mirror_options, read_registry

if TYPE_CHECKING:
    from ..local import LocalCheckpoint
    from ..registry import Registry
    from ..registry_entry import EntryTask, RegistryEntry


def main(arguments: list[str]) -> None:
    """Run the command."""
    parser = make_parser(
        "zoo show",
        "Say what a checkpoint is, how good it is, and where it comes from: its card where it is on this machine, else "
        "what the registry says. Nothing is pulled.",
    )
    parser.add_argument("name", type=str, help="of the checkpoint, as method.tag")
    parser.add_argument("--json", action="store_true", help="print what the registry says as a JSON object")
    add_mirror_options(parser)
    options = parser.parse_args(arguments)

    from ..local import find_local

    registry = read_registry(options)
    entry = registry.find(options.name)
    if options.json:
        import attrs

        print(json.dumps({**attrs.asdict(entry), "size": entry.size, "sha256": entry.sha256}, indent=1))
        return
    here = find_local(entry)
    if here is None:
        print("\n".join(_describe(entry)))
    else:
        _print_card(here)
    print(f"\nsize       {entry.size / 1e6:.2f} MB\nSHA-256    {entry.sha256} (of SHA256SUMS, which holds the others)")
    print(f"lies       {_where(entry, here, registry, options.mirror)}")


def _describe(entry: "RegistryEntry") -> Iterator[str]:
    yield f"{entry.name}, by the recipe {entry.recipe}"
    yield ""
    yield f"adapted    from {', '.join(entry.source)} to {entry.target or 'nothing'}, of {entry.data}"
    yield f"takes      {', '.join(entry.modalities)}, all or some of them"
    for name, task in entry.tasks.items():
        yield f"tells      {name}: {'a number' if task.classes is None else f'{task.classes} classes'}"
        yield f"{task.measure:<10} {_scores(task)}"
    yield f"licence    {entry.licence}; of the data: {entry.data_licence}"


def _scores(task: "EntryTask") -> str:
    scores = {
        "source": task.source,
        "target (oracle)": task.target,
        "source-only on the target (oracle)": task.source_only,
    }
    return "; ".join(f"{side} {score}" for side, score in scores.items() if score is not None)


def _print_card(here: "LocalCheckpoint") -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    from ..folder import open_folder
    from ..names import CARD_FILE
    from ..texts import decode_card

    text = decode_card(open_folder(here.path, sha256=here.sha256).read(CARD_FILE), str(here.path / CARD_FILE))
    # Its head is for programs.
    body = text.split("\n---\n", 1)[-1] if text.startswith("---\n") else text
    Console().print(Markdown(body, hyperlinks=False))


def _where(entry: "RegistryEntry", here: "LocalCheckpoint | None", registry: "Registry", mirrors: list[str]) -> str:
    if here is not None:
        return f"{here.place}: {here.path}"

    from ..mirrors.locations import given_mirrors

    given = [mirror.location for mirror in given_mirrors(mirrors)]
    # A mirror's own checkpoint lies there alone.
    asked = entry.mirrors if set(entry.mirrors) & set(given) else (*given, *entry.mirrors, *registry.mirrors)
    if not asked:
        return "not on this machine, and there is no mirror to ask: give one by --mirror, as zoo/checkpoints of a clone"
    return f"not on this machine; asked for it: {', '.join(asked)}"
