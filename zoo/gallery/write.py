"""Writes the gallery's folder, whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path

import attrs

from ...framework.errors import ZooError
from ...framework.files.replaced_folder import replace_folder
from ..names import is_name
from .checkpoint_view import CheckpointView
from .listed import ListedCheckpoint
from .pages import GENERATOR, INDEX_PAGE, render_pages


@attrs.frozen
class GalleryReport:
    """What was written.

    Args:
        folder: of the pages.
        checkpoints: how many there are.
        pictured: how many of them have pictures.
        size: of all files in bytes.
    """

    folder: Path
    checkpoints: int
    pictured: int
    size: int


def write_gallery(folder: str | os.PathLike[str], checkpoints: Iterable[ListedCheckpoint]) -> GalleryReport:
    """Write a static page with all checkpoints, and one for each.

    They work from a disk and from any static server. What fails leaves what was there before.

    Args:
        folder: is made; one that holds a former gallery, and nothing else, is replaced.
        checkpoints: at least one.

    Raises:
        ZooError: if there is none, or the folder holds something else, or cannot be written.
    """
    out, listed = Path(folder), list(checkpoints)
    if not listed:
        raise ZooError("there must be a checkpoint to show, but no registry has one: give a --mirror.")
    try:
        _check_folder(out)
        pages = render_pages([CheckpointView(one) for one in listed])
        with replace_folder(out) as made:
            for name, page in pages.items():
                (made / name).write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ZooError(f"{out}: the pages cannot be written: {error.strerror}.") from error
    pictured = sum(one.metrics is not None for one in listed)
    return GalleryReport(out, len(listed), pictured, sum(len(page.encode()) for page in pages.values()))


def _check_folder(out: Path) -> None:
    """Refuse to replace what is no gallery of ours: by its index, and no file that is not a checkpoint's page."""
    if not out.exists():
        return
    if not out.is_dir():
        raise ZooError(f"{out}: the pages need a folder, but there is a file of that name.")
    names = sorted(entry.name for entry in out.iterdir())
    if not names:
        return
    strange = [name for name in names if name != INDEX_PAGE and not is_name(name.removesuffix(".html"))]
    strange += [name for name in names if not name.endswith(".html")]
    if strange or INDEX_PAGE not in names or not _is_ours(out / INDEX_PAGE):
        found = f", but it holds {strange[0]}" if strange else ", but it holds something else"
        raise ZooError(f"{out}: the folder must be empty, or hold a former site and nothing else{found}.")


def _is_ours(index: Path) -> bool:
    with index.open("rb") as file:
        return GENERATOR.encode() in file.read(4096)
