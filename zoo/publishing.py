"""Put a checkpoint into a mirror that is a local folder, and describe it in its registry."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import attrs
from filelock import FileLock, Timeout

from ..framework.errors import ZooError
from ..framework.files.replaced_folder import replace_folder
from ..framework.files.whole_file import write_whole
from ..framework.recipes.class_paths import TRUSTED
from .adapted_model import AdaptedModel
from .folder import CheckpointFolder, open_folder, read_bounded
from .names import HASHES_FILE
from .registry import REGISTRY_FILE, REGISTRY_LIMIT, Registry
from .registry_entry import RegistryEntry

LOCK_FILE: Final = ".publish.lock"
PATIENCE: Final = 60.0
"""Seconds to wait for others who publish into the same mirror."""


@attrs.frozen
class Published:
    """What a mirror has now, or would have.

    Args:
        entry: of its registry.
        path: of the checkpoint in it.
        changed: whether it had other bytes, or none, before.
    """

    entry: RegistryEntry
    path: Path
    changed: bool


def publish(
    adapted: AdaptedModel,
    mirror: Path,
    *,
    registry: Path | None = None,
    embedded: bool = False,
    replace: bool = False,
    dry_run: bool = False,
    trusted: Collection[str] = TRUSTED,
) -> Published:
    """Save a checkpoint in a mirror, and enter it into its registry.

    The arguments are those of `publish_folder`, but for the first.

    Args:
        adapted: the model.
        mirror: folder.
        registry: file.
        embedded: whether it will travel in the package.
        replace: take the place of another checkpoint.
        dry_run: do all but change the mirror.
        trusted: prefixes of classes.

    Raises:
        ZooError: see `publish_folder`.
        ExportError: if the model cannot be exported.
    """
    with TemporaryDirectory() as work:
        return publish_folder(
            adapted.save_pretrained(Path(work) / adapted.config.name),
            mirror,
            registry=registry,
            embedded=embedded,
            replace=replace,
            dry_run=dry_run,
            trusted=trusted,
        )


def publish_folder(
    folder: CheckpointFolder,
    mirror: Path,
    *,
    registry: Path | None = None,
    embedded: bool = False,
    replace: bool = False,
    dry_run: bool = False,
    trusted: Collection[str] = TRUSTED,
) -> Published:
    """Copy a checkpoint into a mirror, under the name that its configuration says, and enter it into its registry.

    Several may publish at once. Whoever reads meanwhile finds a whole checkpoint; while one takes another's place, its
    bytes and the registry may disagree for a moment, and readers then refuse it.

    Args:
        folder: of a checkpoint.
        mirror: folder, made if it is not there.
        registry: file; None means `registry.json` in the mirror.
        embedded: whether it will travel in the package.
        replace: take the place of a checkpoint of that name with other bytes.
        dry_run: do all but change the mirror.
        trusted: prefixes, one of which every class that the checkpoint names must have.

    Raises:
        ZooError: if another checkpoint of that name is there, or the mirror cannot be written.
    """
    entry = attrs.evolve(RegistryEntry.from_folder(folder, trusted=trusted), embedded=embedded)
    place, file = mirror / entry.name, registry or mirror / REGISTRY_FILE
    with _locked(mirror, dry_run=dry_run):
        before, there = read_registry(file), _is_there(folder, place)
        if not replace:
            _check_free(entry, before, place, there=there)
        if not dry_run:
            _put(folder, place, there=there)
            _enter(entry, before, file)
    return Published(entry, place, not there)


def read_registry(file: Path) -> Registry:
    """The registry in a file; an empty one where there is none.

    Raises:
        ZooError: if it is something else.
    """
    return Registry.from_json(read_bounded(file, REGISTRY_LIMIT), str(file)) if file.exists() else Registry()


@contextmanager
def _locked(mirror: Path, *, dry_run: bool) -> Iterator[None]:
    if dry_run:
        yield
        return
    try:
        mirror.mkdir(parents=True, exist_ok=True)
        with FileLock(mirror / LOCK_FILE, timeout=PATIENCE):
            yield
    except Timeout as error:
        raise ZooError(f"{mirror} is written by another process for more than {PATIENCE:.0f} seconds.") from error
    except OSError as error:
        raise ZooError(f"{mirror} cannot be written: {error.strerror or error}.") from error


def _is_there(folder: CheckpointFolder, place: Path) -> bool:
    try:
        return open_folder(place).hashes == folder.hashes
    except ZooError:
        return False


def _check_free(entry: RegistryEntry, before: Registry, place: Path, *, there: bool) -> None:
    known = before.entries.get(entry.name)
    if (place.exists() and not there) or (known is not None and known.sha256 != entry.sha256):
        raise ZooError(f"{place.parent} has another {entry.name} already: give it another name, or --replace it.")


def _put(folder: CheckpointFolder, place: Path, *, there: bool) -> None:
    if there:
        return
    with replace_folder(place) as made:
        for name in (*folder.hashes, HASHES_FILE):
            shutil.copyfile(folder.path / name, made / name)
        # Other bytes than those that were checked do not get in.
        if open_folder(made).hashes != folder.hashes:
            raise ZooError(f"{folder.path} changed while it was published.")


def _enter(entry: RegistryEntry, before: Registry, file: Path) -> None:
    known = before.entries.get(entry.name)
    if known is not None:
        entry = attrs.evolve(entry, embedded=entry.embedded or known.embedded, mirrors=known.mirrors)
    if entry == known:
        return
    try:
        after = before.with_entry(entry)
    except ValueError as error:
        raise ZooError(f"{file}: {error}.") from error
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, after.to_json())
