"""Pull a checkpoint from a repository of the Hugging Face hub."""

import re
from contextlib import suppress
from typing import Final

from ...framework.errors import ZooError
from ...framework.files.hashes import sha256
from ..cache import Cache
from ..folder import CheckpointFolder, parse_hashes
from ..names import HASHES_FILE, HASHES_LIMIT, SIZE_LIMITS
from ..registry_entry import FileEntry
from .download import read_small
from .fetch import fetch
from .hub_mirror import HubLocation, HubMirror
from .mirror import NotThereError
from .notes import read_note, write_note

_LENGTH: Final = 64
_SHA256: Final = re.compile("[0-9a-f]{64}")


def pull_from_hub(
    location: str, *, revision: str | None, cache: Cache, token: str | None, offline: bool, progress: bool = False
) -> CheckpointFolder:
    """Get the six files of a checkpoint; what else the repository holds is left there.

    No registry pins them: all come from one commit, and must be what the SHA256SUMS in it says. A revision that is a
    commit pins them as well as a registry does, as far as the hub is trusted.

    Args:
        location: `hf://owner/repo[@revision][/path]`.
        revision: branch, tag or commit, if the location names none.
        cache: where it is put.
        token: None for the one that huggingface_hub knows.
        offline: take what the revision was when it was pulled last.
        progress: show a bar.

    Raises:
        ZooError: if it is not there, or no checkpoint.
    """
    where = HubLocation.parse(location).at(revision)
    name = f"hub--{where.repo.replace('/', '--')}"
    mirror = None if offline else HubMirror(where, token)
    offline = mirror is None or mirror.is_offline
    if offline or where.is_pinned:
        known = _known(where, name, cache, offline=offline)
        if known is not None:
            return known
    if mirror is None or offline:
        raise ZooError(
            f"{where} is not in the cache {cache.folder}, and the network may not be used "
            "(ACCLIMATE_OFFLINE, HF_HUB_OFFLINE or local_files_only)."
        )
    files = _files(mirror)
    sha256 = files[HASHES_FILE].sha256
    folder = None
    with suppress(ZooError):  # A damaged one is fetched anew.
        folder = cache.find(name, sha256)
    if folder is None:
        folder = fetch(name, files, [mirror], cache, path="", progress=progress)
    write_note(cache, str(where), sha256.encode())
    return folder


def _known(where: HubLocation, name: str, cache: Cache, *, offline: bool) -> CheckpointFolder | None:
    note = (read_note(cache, str(where), _LENGTH) or b"").decode("ascii", "replace")
    if _SHA256.fullmatch(note) is None:
        return None
    try:
        return cache.find(name, note)
    except ZooError:
        if offline:
            raise
        return None


def _files(mirror: HubMirror) -> dict[str, FileEntry]:
    """What each file must be, as the repository says itself."""
    try:
        content = read_small(mirror, HASHES_FILE, HASHES_LIMIT)
    except NotThereError as error:
        raise ZooError(f"{mirror.location} is no checkpoint of acclimate: it has no {HASHES_FILE}.") from error
    hashes = parse_hashes(content.decode("ascii", "replace"), f"{mirror.location}/{HASHES_FILE}")
    files = {HASHES_FILE: FileEntry(len(content), sha256(content))}
    for name, value in hashes.items():
        size = mirror.sizes.get(name)
        if size is None:
            raise ZooError(f"{mirror.location} is no checkpoint of acclimate: it has no {name}.")
        if size > SIZE_LIMITS[name]:
            raise ZooError(f"{mirror.location}/{name} may have {SIZE_LIMITS[name]} bytes at most, but has {size}.")
        files[name] = FileEntry(size, value)
    return files
