"""Pull a checkpoint by its name: from the package, the cache or a mirror."""

import os
from collections.abc import Sequence
from pathlib import Path

import attrs

from ..framework.errors import ZooError
from .cache import Cache
from .copying import check_free, copy_folder
from .embedded import embedded_folder
from .folder import CheckpointFolder, open_folder
from .mirrors.fetch import fetch
from .mirrors.hub_mirror import SCHEME
from .mirrors.hub_pull import pull_from_hub
from .mirrors.locations import VARIABLE, given_mirrors, mirror_at
from .mirrors.mirror import Mirror
from .mirrors.registries import find_in_mirrors
from .offline import is_offline
from .registry import builtin_registry
from .registry_entry import RegistryEntry


def pull(
    name: str,
    *,
    out: str | os.PathLike[str] | None = None,
    mirrors: Sequence[str] = (),
    cache_dir: str | os.PathLike[str] | None = None,
    local_files_only: bool = False,
    token: str | None = None,
    revision: str | None = None,
    progress: bool = False,
) -> CheckpointFolder:
    """Get a checkpoint, and know that its bytes are the right ones.

    The package is asked first, then the cache, then mirrors: those given here, those in ACCLIMATE_ZOO_MIRRORS, and
    those of the registry. A name of the built-in registry is pinned by its hashes, wherever the bytes come from.
    Another name is pinned by the registry of the first given mirror that has it; a repository of the hub by its own
    SHA256SUMS.

    Any number of processes may pull at once. What is broken off goes on where it stopped when it is pulled again.

    Args:
        name: of a checkpoint, or `hf://owner/repo[@revision][/path]`.
        out: folder for a copy, which does not exist yet or is empty; None uses the one in the package or the cache.
        mirrors: addresses or folders, see `mirror_at`.
        cache_dir: None means ACCLIMATE_CACHE, or else the user's own cache.
        local_files_only: open no socket, as ACCLIMATE_OFFLINE=1 does for all.
        token: for `mirrors` and the hub; it goes to no other.
        revision: of a repository of the hub: branch, tag or commit.
        progress: show a bar on standard error.

    Returns:
        The checkpoint, checked.

    Raises:
        ZooError: one line, if it cannot be found, fetched, trusted or written.
    """
    if out is not None:
        check_free(Path(out))
    offline = is_offline(local_files_only=local_files_only)
    if name.startswith(SCHEME):
        folder = pull_from_hub(
            name, revision=revision, cache=Cache.at(cache_dir), token=token, offline=offline, progress=progress
        )
    else:
        if revision is not None:
            raise ZooError(f"{name[:99]}: only a checkpoint at hf:// has revisions; others are pinned by their hashes.")
        wanted = _Wanted(name, tuple(mirrors), token, cache_dir, offline)
        folder = wanted.pull(progress=progress)
    return folder if out is None else copy_folder(folder, Path(out))


@attrs.frozen
class _Wanted:
    name: str
    locations: tuple[str, ...]
    token: str | None = attrs.field(repr=False)
    cache_dir: str | os.PathLike[str] | None
    offline: bool

    @property
    def cache(self) -> Cache:
        return Cache.at(self.cache_dir)

    def pull(self, *, progress: bool) -> CheckpointFolder:
        builtin = builtin_registry()
        if self.name not in builtin.entries and self.name not in builtin.aliases:
            return self._pull_foreign(progress=progress)
        entry = builtin.find(self.name)
        embedded, damage = embedded_folder(entry), ""
        if embedded is not None:
            try:
                return open_folder(embedded, sha256=entry.sha256)
            except ZooError as error:  # A damaged one is as good as none: there are other places.
                damage = f" {error}"
        return self._pull(entry, (), (*entry.mirrors, *builtin.mirrors), damage=damage, progress=progress)

    def _pull_foreign(self, *, progress: bool) -> CheckpointFolder:
        """A checkpoint that the built-in registry does not know."""
        given = given_mirrors(self.locations, self.token)
        if not given:
            builtin_registry().find(self.name)  # It raises, and names the nearest.
        try:
            entry, mirror = find_in_mirrors(self.name, given, self.cache, offline=self.offline)
        except ZooError as error:
            try:
                builtin_registry().find(self.name)
            except ZooError as unknown:
                raise ZooError(f"{unknown} {error}") from error
            raise
        return self._pull(entry, (mirror,), (), progress=progress)

    def _pull(
        self, entry: RegistryEntry, first: Sequence[Mirror], last: Sequence[str], *, damage: str = "", progress: bool
    ) -> CheckpointFolder:
        try:
            cached = self.cache.find(entry.name, entry.sha256)
            if cached is not None:
                return cached
        except ZooError as error:
            damage += f" {error}"
        asked = {mirror.location for mirror in first}
        given = [one for one in given_mirrors(self.locations, self.token) if one.location not in asked]
        mirrors = [*first, *given, *map(mirror_at, last)]
        if self.offline:
            mirrors = [mirror for mirror in mirrors if not mirror.needs_network]
        if not mirrors:
            raise ZooError(f"{entry.name} {self._absence()}{damage}")
        return fetch(entry.name, entry.files, mirrors, self.cache, path=entry.name, progress=progress)

    def _absence(self) -> str:
        place = f"is neither in the package nor in the cache {self.cache.folder}"
        if self.offline:
            return f"{place}, and the network may not be used (ACCLIMATE_OFFLINE or local_files_only)."
        return (
            f"{place}, and there is no mirror to ask: give one by --mirror or {VARIABLE}, such as the folder "
            "zoo/checkpoints of a clone."
        )
