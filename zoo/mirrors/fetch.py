"""One checkpoint from the first mirror that has it, into the cache."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from ...framework.errors import ZooError
from ..cache import Cache, remove
from ..folder import CheckpointFolder
from ..names import HASHES_FILE
from ..registry_entry import FileEntry
from .download import Report, download
from .mirror import Mirror, MirrorError


def fetch(
    name: str,
    files: Mapping[str, FileEntry],
    mirrors: Sequence[Mirror],
    cache: Cache,
    *,
    path: str,
    progress: bool = False,
) -> CheckpointFolder:
    """Bring a checkpoint into the cache. Of several processes one does it, and the others wait and use what it brought.

    Args:
        name: of its place in the cache.
        files: what all six must be.
        mirrors: asked in this order.
        cache: where it is put, whole or not at all; a damaged one that is there goes.
        path: of its folder in a mirror; empty for the mirror's own.
        progress: show a bar.

    Raises:
        ZooError: if no mirror gave it, or the cache cannot be written.
    """
    sha256 = files[HASHES_FILE].sha256
    with _bar(name, sum(file.size for file in files.values()), shown=progress) as report, cache.locked(name):
        with suppress(ZooError):
            found = cache.find(name, sha256)
            if found is not None:
                return found
        reasons = []
        with cache.writing(), _tidied(cache, name, sha256):
            remove(cache.place(name, sha256))
            for mirror in mirrors:
                try:
                    download(files, cache.unfinished(name, sha256), mirror, path, report)
                except MirrorError as error:
                    reasons.append(str(error))
                else:
                    return cache.finish(name, sha256)
    raise ZooError(f"{name} came from no mirror: {' '.join(reasons)}")


@contextmanager
def _tidied(cache: Cache, name: str, sha256: str) -> Iterator[None]:
    """Leave what has come for the next pull, unless the disk is full: others need it more then."""
    try:
        yield
    except OSError:
        with suppress(OSError):
            cache.tidy(name, sha256, keep=False)
        raise
    cache.tidy(name, sha256, keep=True)


@contextmanager
def _bar(name: str, size: int, *, shown: bool) -> Iterator[Report]:
    """A bar on standard error, or nothing."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=size)
        yield lambda count: bar.advance(task, count)
