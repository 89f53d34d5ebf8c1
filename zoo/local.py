"""Which checkpoints are on this machine: embedded in the package, or pulled into the cache."""

import os
from pathlib import Path
from typing import Literal, TypeAlias

import attrs

from .cache import Cache
from .embedded import embedded_folder
from .registry import Registry
from .registry_entry import RegistryEntry

Place: TypeAlias = Literal["embedded", "cached"]


@attrs.frozen
class LocalCheckpoint:
    """A folder of this machine, which is not checked yet.

    Args:
        name: of the checkpoint, or of what the cache calls one of the hub.
        place: why it is here.
        path: of the folder.
        sha256: that its SHA256SUMS must have.
    """

    name: str
    place: Place
    path: Path
    sha256: str


def find_local(entry: RegistryEntry, cache_dir: str | os.PathLike[str] | None = None) -> LocalCheckpoint | None:
    """Where a checkpoint lies on this machine; None if it must be pulled.

    Args:
        entry: of its registry.
        cache_dir: the cache's folder; None means that of `pull`.

    Raises:
        ZooError: if there is no folder for a cache.
    """
    embedded = embedded_folder(entry)
    if embedded is not None:
        return LocalCheckpoint(entry.name, "embedded", embedded, entry.sha256)
    path = Cache.at(cache_dir).place(entry.name, entry.sha256)
    return LocalCheckpoint(entry.name, "cached", path, entry.sha256) if path.is_dir() else None


def local_checkpoints(registry: Registry, cache_dir: str | os.PathLike[str] | None = None) -> list[LocalCheckpoint]:
    """All that are on this machine, those of other registries and of earlier versions too.

    Args:
        registry: whose embedded checkpoints are meant.
        cache_dir: the cache's folder; None means that of `pull`.

    Raises:
        ZooError: if there is no folder for a cache.
    """
    embedded = [
        LocalCheckpoint(entry.name, "embedded", path, entry.sha256)
        for entry in registry.entries.values()
        if (path := embedded_folder(entry)) is not None
    ]
    cached = [
        LocalCheckpoint(path.parent.name, "cached", path, path.name)
        for path in sorted((Cache.at(cache_dir).folder / "checkpoints").glob("*/*"))
        if path.is_dir()
    ]
    return embedded + cached
