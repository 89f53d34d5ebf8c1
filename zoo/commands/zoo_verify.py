"""acclimate zoo verify: check the files of checkpoints that are on this machine. Needs no torch."""

from typing import TYPE_CHECKING

from ...framework.commands.options import make_parser
from ...framework.errors import AcclimateError, ZooError
from .zoo_options import add_mirror_options, read_registry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ..registry import Registry
    from ..registry_entry import RegistryEntry


def main(arguments: list[str]) -> None:
    """Run the command; it fails after all that is wrong was printed, a line for each file."""
    parser = make_parser(
        "zoo verify",
        "Check checkpoints that are on this machine: sizes and hashes, by the registry where it knows them; whether "
        "configuration, scores, weights and graph are of one model. Nothing that they name is imported.",
    )
    parser.add_argument(
        "checkpoints", type=str, nargs="*", help="names or folders; default: all in the package and in the cache"
    )
    parser.add_argument(
        "--trust", type=str, action="append", default=[], metavar="PREFIX", help="classes of your own, as mypackage."
    )
    add_mirror_options(parser)
    options = parser.parse_args(arguments)

    from ...framework.recipes.class_paths import TRUSTED
    from ..verification import find_problems

    chosen, bad = list(_choose(options.checkpoints, read_registry(options))), 0
    for path, entry, sha256 in chosen:
        problems = find_problems(path, entry, sha256=sha256, trusted=(*TRUSTED, *options.trust))
        bad += bool(problems)
        for problem in problems:
            print(problem)
        if not problems:
            print(f"{path}: good{'' if entry is not None else ', but no registry knows it'}")
    if not chosen:
        print("no checkpoint is on this machine, neither in the package nor in the cache")
    if bad:
        raise AcclimateError(f"{bad} of {len(chosen)} checkpoint(s) cannot be trusted, for the reasons above")


def _choose(given: list[str], registry: "Registry") -> "Iterator[tuple[Path, RegistryEntry | None, str | None]]":
    """Folders with what is known of them: by a registry, or the hash under which the cache keeps them."""
    from ..local import find_local, local_checkpoints
    from ..opening import as_folder
    from ..verification import find_entry

    for name in given:
        folder = as_folder(name)
        if folder is not None:
            yield folder, find_entry(folder, registry), None
            continue
        entry = registry.find(name)
        here = find_local(entry)
        if here is None:
            raise ZooError(f"{entry.name} is not on this machine: acclimate zoo pull {entry.name}")
        yield here.path, entry, None
    for here in () if given else local_checkpoints(registry):
        found = registry.entries.get(here.name)
        # The cache may hold an earlier version as well.
        yield here.path, found if found is not None and found.sha256 == here.sha256 else None, here.sha256
