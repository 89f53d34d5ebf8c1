"""A folder that takes another one's place whole, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from ..errors import WriteError
from .folders import make_folder, missing_folders, sync_folder, sync_tree
from .whole_file import writing


@contextmanager
def replace_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside the target, which takes its place in the end; if something fails, all stays as it was.

    It is on the disk before it takes the place. Two renames are no single one: who is killed between them leaves what
    was there in a folder beside, whose name begins with a point.

    Args:
        target: need not be there; what it holds is removed when the new one is in its place.

    Raises:
        WriteError: if the folder cannot be written; OSErrors of the body are taken for that.

    Example:
        >>> with replace_folder(Path(mkdtemp()) / "site") as made:
        ...     _ = (made / "index.html").write_text("<!doctype html>")
    """
    with writing(target):
        place = target.resolve()
        above = missing_folders(place.parent)
        make_folder(place.parent)
        # mkdtemp's own is its owner's alone, but what is made inside is for all whom the owner lets.
        work = Path(mkdtemp(prefix=f".{place.name[:100]}.", dir=place.parent))
        made, former = work / "made", work / "former"
        try:
            made.mkdir()
            yield made
            sync_tree(made)
            if place.exists():
                place.rename(former)
            made.rename(place)
            sync_folder(place.parent)
        except BaseException:
            if former.exists() and not place.exists():
                _give_back(former, place)
            raise
        finally:
            # What could not be given back is not thrown away.
            if place.exists() or not former.exists():
                shutil.rmtree(work, ignore_errors=True)
            for folder in above if not place.exists() else ():
                with suppress(OSError):
                    folder.rmdir()


def _give_back(former: Path, place: Path) -> None:
    try:
        former.rename(place)
    except OSError as error:
        raise WriteError(error, place, f"move back what was there: it lies in {former}") from error
