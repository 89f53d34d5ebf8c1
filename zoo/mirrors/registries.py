"""What mirrors say that they have."""

from collections.abc import Sequence

from ...framework.errors import ZooError
from ..cache import Cache
from ..registry import REGISTRY_FILE, REGISTRY_LIMIT, Registry
from ..registry_entry import RegistryEntry
from .download import read_small
from .mirror import Mirror, NotThereError
from .notes import read_note, write_note


def registry_of(mirror: Mirror, cache: Cache, *, offline: bool = False) -> Registry | None:
    """A mirror's own registry; None if it has none.

    Args:
        mirror: to be asked.
        cache: keeps what it says for when it cannot be asked.
        offline: take what it said last, if it needs the network.

    Raises:
        MirrorError: if it does not answer.
        ZooError: if its registry is none.
    """
    name = f"{mirror.location}/{REGISTRY_FILE}"
    if offline and mirror.needs_network:
        noted = read_note(cache, name, REGISTRY_LIMIT)
        return None if noted is None else Registry.from_json(noted, name)
    try:
        content = read_small(mirror, REGISTRY_FILE, REGISTRY_LIMIT)
    except NotThereError:
        return None
    registry = Registry.from_json(content, name)
    if mirror.needs_network:
        write_note(cache, name, content)
    return registry


def find_in_mirrors(
    name: str, mirrors: Sequence[Mirror], cache: Cache, *, offline: bool = False
) -> tuple[RegistryEntry, Mirror]:
    """The first mirror whose registry has a checkpoint, and what it says of it.

    Where else the registry says that it lies does not count: a mirror sends nobody elsewhere.

    Raises:
        ZooError: if none has it, with what went wrong.
    """
    reasons = []
    for mirror in mirrors:
        try:
            registry = registry_of(mirror, cache, offline=offline)
        except ZooError as error:
            reasons.append(str(error))
            continue
        if registry is None:
            reasons.append(f"{mirror.location} has no {REGISTRY_FILE}{' that was read before' if offline else ''}.")
        elif name in registry.entries or name in registry.aliases:
            return registry.find(name), mirror
    raise ZooError(f"no mirror's registry has {name[:99]!r}. {' '.join(reasons)}".rstrip())
