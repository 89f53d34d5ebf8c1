"""A checkpoint that the gallery shows, with what its files say where they are at hand."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import attrs

from ...exporters.input_options import input_words
from ..config import CheckpointConfig
from ..folder import open_folder
from ..local import find_local
from ..metrics import CheckpointMetrics
from ..mirrors.folder_mirror import FolderMirror
from ..mirrors.locations import given_mirrors
from ..mirrors.mirror import Mirror
from ..names import CONFIG_FILE, METRICS_FILE
from ..registry import Registry
from ..registry_entry import RegistryEntry

_ANY_CLASS: Final = ("",)
"""Nothing that a configuration names is imported here, so it may name any class."""


@attrs.frozen(kw_only=True)
class ListedCheckpoint:
    """A checkpoint.

    Args:
        entry: what the registry says of it.
        config: what its own files say; None where they are not at hand.
        metrics: likewise.
        mirror: where to pull it from; None where acclimate finds it by itself.
    """

    entry: RegistryEntry
    config: CheckpointConfig | None = None
    metrics: CheckpointMetrics | None = None
    mirror: str | None = None

    @classmethod
    def from_folder(cls, entry: RegistryEntry, folder: Path, *, mirror: str | None = None) -> Self:
        """With the files of a folder.

        Raises:
            ZooError: naming the file, if one is not what the registry says.
        """
        files = open_folder(folder, sha256=entry.sha256)
        config = CheckpointConfig.from_json(files.read(CONFIG_FILE), str(folder / CONFIG_FILE), _ANY_CLASS)
        metrics = CheckpointMetrics.from_json(files.read(METRICS_FILE), str(folder / METRICS_FILE))
        return cls(entry=entry, config=config, metrics=metrics, mirror=mirror)

    @property
    def command_words(self) -> list[str]:
        """A line for a shell that pulls it and runs it, word by word: names come from strangers, and are quoted."""
        name = self.entry.name
        mirror = () if self.mirror is None else ("--mirror", self.mirror)
        pull = ("acclimate", "zoo", "pull", name, *mirror, "--out", name)
        files = (word for modality in self.entry.modalities for word in input_words(modality, "FILE"))
        run = ("acclimate", "predict", name, *files)
        return [*map(shlex.quote, pull), "&&", *map(shlex.quote, run)]


def list_checkpoints(registry: Registry, mirrors: Sequence[str] = ()) -> list[ListedCheckpoint]:
    """All checkpoints of a registry, with their files where these lie in a local mirror, the package or the cache.

    Nothing is pulled.

    Args:
        registry: what there is, as `joined_registry` finds it.
        mirrors: that the user gave. The first is where visitors are told to pull from what acclimate does not find by
            itself.

    Raises:
        ZooError: naming the file, if one that lies there is not what the registry says.
    """
    given = given_mirrors(mirrors)
    found = []
    for entry in registry.entries.values():
        mirror, folder = _mirror_for_visitors(entry, registry, given), _find_folder(entry, given)
        if folder is None:
            found.append(ListedCheckpoint(entry=entry, mirror=mirror))
        else:
            found.append(ListedCheckpoint.from_folder(entry, folder, mirror=mirror))
    return found


def _mirror_for_visitors(entry: RegistryEntry, registry: Registry, given: Sequence[Mirror]) -> str | None:
    locations = [mirror.location for mirror in given]
    # What a mirror's own registry names lies in that mirror alone.
    own = [location for location in entry.mirrors if location in locations]
    if own:
        return own[0]
    finds_it = entry.embedded or entry.mirrors or registry.mirrors
    return None if finds_it or not locations else locations[0]


def _find_folder(entry: RegistryEntry, given: Sequence[Mirror]) -> Path | None:
    locations = (mirror.location for mirror in given if isinstance(mirror, FolderMirror))
    folders = (Path(os.path.expanduser(location)) for location in locations)  # noqa: PTH111 - as FolderMirror does
    there = next((folder / entry.name for folder in folders if (folder / entry.name).is_dir()), None)
    if there is not None:
        return there
    local = find_local(entry)
    return None if local is None else local.path
