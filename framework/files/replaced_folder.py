"""A folder that takes another one's place whole, or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


@contextmanager
def replace_folder(target: Path) -> Iterator[Path]:
    """An empty folder beside the target, which takes its place in the end; if something fails, all stays as it was.

    Args:
        target: need not be there; what it holds is removed when the new one is in its place.

    Example:
        >>> with replace_folder(Path(mkdtemp()) / "site") as made:
        ...     _ = (made / "index.html").write_text("<!doctype html>")
    """
    place = target.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    # A temporary folder is for its owner alone, but what is made inside is for all whom the owner lets.
    work = Path(mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    made, former = work / "made", work / "former"
    try:
        made.mkdir()
        yield made
        if place.exists():
            place.rename(former)
        try:
            made.rename(place)
        except OSError:
            if former.exists():
                former.rename(place)
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
