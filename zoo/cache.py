"""Checkpoints that were pulled, in the user's cache.

It holds `checkpoints/<name>/<SHA-256 of its SHA256SUMS>/`, each there whole or not at all, `unfinished/` with what is
on its way, `locks/` with an empty file per name, and `notes/` of what mirrors said last. All may be removed any time.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self

import attrs

from ..framework.data.array_cache import cache_folder
from ..framework.errors import ZooError
from ..framework.files.folders import sync_folder, sync_tree
from .folder import CheckpointFolder, open_folder

VARIABLE: Final = "ACCLIMATE_CACHE"


@attrs.frozen
class Cache:
    """A folder that any number of processes may share.

    Args:
        folder: made when something is written.
    """

    folder: Path

    @classmethod
    def at(cls, folder: str | os.PathLike[str] | None = None) -> Self:
        """The cache in a folder, else in ACCLIMATE_CACHE, else in the user's own.

        Raises:
            ZooError: if there is none of these.
        """
        given = folder or os.environ.get(VARIABLE)
        try:
            return cls(Path(given).absolute() if given else cache_folder() / "zoo")
        except RuntimeError as error:  # Path.home's
            raise ZooError(f"there is no home folder for a cache: set {VARIABLE} to a folder.") from error

    def place(self, name: str, sha256: str) -> Path:
        """Where a checkpoint is, or will be."""
        return self.folder / "checkpoints" / name / sha256

    def find(self, name: str, sha256: str) -> CheckpointFolder | None:
        """A checkpoint, after its hashes were found to be right; None if it is not there.

        Raises:
            ZooError: if it was damaged since it was put there, or cannot be read.
        """
        path = self.place(name, sha256)
        return open_folder(path, sha256=sha256) if path.exists() else None

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Be the only process that writes a checkpoint of this name. If the one that did is killed, the next goes on.

        Raises:
            ZooError: if the cache cannot be written.
        """
        from filelock import FileLock

        with self.writing():
            locks = self.folder / "locks"
            locks.mkdir(parents=True, exist_ok=True)
            lock = FileLock(locks / name)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def unfinished(self, name: str, sha256: str) -> Path:
        """The folder of a checkpoint that is on its way, with what came before. Other versions of it go.

        Whoever asks holds the lock.
        """
        folder = self.folder / "unfinished" / name
        for other in folder.iterdir() if folder.exists() else ():
            if other.name != sha256:
                remove(other)
        (folder / sha256).mkdir(parents=True, exist_ok=True)
        return folder / sha256

    def finish(self, name: str, sha256: str) -> CheckpointFolder:
        """Make a checkpoint visible that has arrived. Whoever asks holds the lock.

        Raises:
            ZooError: if it is not as it should be; then it goes.
        """
        unfinished, place = self.unfinished(name, sha256), self.place(name, sha256)
        try:
            folder = open_folder(unfinished, sha256=sha256)
        except ZooError:
            self.tidy(name, sha256, keep=False)
            raise
        place.parent.mkdir(parents=True, exist_ok=True)
        # Or a loss of power would leave under its name what no longer has its hashes.
        sync_tree(unfinished)
        unfinished.rename(place)
        sync_folder(place.parent)
        self.tidy(name, sha256, keep=True)
        return attrs.evolve(folder, path=place)

    def tidy(self, name: str, sha256: str, *, keep: bool) -> None:
        """Remove what is on its way, or keep it if it is something. Whoever asks holds the lock."""
        folder = self.folder / "unfinished" / name
        has_some = (folder / sha256).exists() and any((folder / sha256).iterdir())
        if not (keep and has_some):
            remove(folder)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Say in one line that the disk is full or may not be written.

        Raises:
            ZooError: instead of the system's error.
        """
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise ZooError(
                f"the cache {self.folder} cannot be written: {reason}: set {VARIABLE} to another folder."
            ) from error


def remove(path: Path) -> None:
    """Remove a folder or whatever stands in its place, and follow no link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
