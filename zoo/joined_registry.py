"""All checkpoints that can be pulled by name: of the built-in registry, and of mirrors that the user gave. No torch."""

import logging
import os
from collections.abc import Sequence
from typing import Final

import attrs

from ..framework.errors import ZooError
from .cache import Cache
from .mirrors.locations import given_mirrors
from .mirrors.registries import registry_of
from .offline import is_offline
from .registry import REGISTRY_FILE, Registry, builtin_registry

_LOG: Final = logging.getLogger(__name__)


def joined_registry(
    mirrors: Sequence[str] = (),
    *,
    token: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
) -> Registry:
    """The built-in registry, and what mirrors have beside it. The first that has a name decides, as in `pull`.

    Args:
        mirrors: addresses or folders; those in ACCLIMATE_ZOO_MIRRORS follow. One of these that cannot be read is left
            out with a warning in the log.
        token: for `mirrors`.
        cache_dir: where it was kept what they said last; None means the cache of `pull`.
        local_files_only: open no socket: what they said last will do.

    Raises:
        ZooError: if one of `mirrors` cannot be read.
    """
    known, offline = builtin_registry(), is_offline(local_files_only=local_files_only)
    for mirror in given_mirrors(mirrors, token):
        try:
            found = registry_of(mirror, Cache.at(cache_dir), offline=offline)
        except ZooError as error:
            if mirror.location in mirrors:
                raise
            _LOG.warning("a mirror is left out: %s", error)
            continue
        if found is None:
            _LOG.warning("%s has no %s, and so adds no names", mirror.location, REGISTRY_FILE)
        else:
            known = _join(known, found, mirror.location)
    return known


def _join(known: Registry, other: Registry, location: str) -> Registry:
    """What another registry adds. It lies there, wherever else that registry says."""
    taken = {*known.entries, *known.aliases}
    new = {
        name: attrs.evolve(entry, embedded=False, mirrors=(location,))
        for name, entry in other.entries.items()
        if name not in taken
    }
    aliases = {alias: name for alias, name in other.aliases.items() if name in new and alias not in taken}
    return attrs.evolve(known, entries={**known.entries, **new}, aliases={**known.aliases, **aliases})
