"""Reads SynROD and ROD: pictures of everyday objects in colour and depth, rendered and photographed.

Loghmani et al. 2020, doi:10.1109/LRA.2020.3007092 (SynROD, and the shift); Lai et al. 2011,
doi:10.1109/ICRA.2011.5980382 (ROD, the RGB-D Object Dataset). Depth is coded as the direction of the surface at each
pixel, three bytes, as in the papers: a picture like any other.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

import attrs

from ...errors import DataError
from ...files.bounded_file import read_bounded_text
from ..row import Row
from ..table import Table
from .layout import DataSetFolder, check_files

FOLDER: Final = DataSetFolder(
    "ROD and SynROD",
    "ROD-synROD",
    "https://www.acin.tuwien.ac.at/vision-for-robotics/software-tools/synthetic-to-real-rgbd-datasets/",
)

_SYNTHETIC: Final = "synROD/synARID_50k-split_sync_{}1.txt"
_REAL: Final = "ROD/wrgbd_40k-split_sync.txt"
_MODALITIES: Final = ("depth", "rgb")
_SUFFIXES: Final = (".png", ".jpg", ".jpeg")

_SYNTHETIC_FOLDERS: Final = MappingProxyType({"rgb": "rgb", "depth": "depth"})
"""What stands for `***` in the list of SynROD, by modality."""

_REAL_FOLDERS: Final = MappingProxyType({"rgb": ("rgb", "crop"), "depth": ("surfnorm", "depthcrop")})
"""What stands for `???` and for `***` in the list of ROD, by modality."""


@attrs.frozen
class _Entry:
    """A line of a list.

    Args:
        line: its number.
        name: path with `***`, and perhaps `???`, in the place of what depends on the modality.
        number: of the class.
    """

    line: int
    name: str
    number: int

    @property
    def category(self) -> str:
        """Name of the class: the first folder that does not depend on the modality."""
        return next(part for part in self.name.split("/") if "???" not in part and "***" not in part)


def read(_seed: int) -> Table:
    """Pictures `rgb` and `depth` (surface normals), of the categories that both domains have.

    Domains are `synrod` and `rod`. SynROD's splits are as distributed. ROD has none: the paper adapts to its pictures
    and scores the same ones, so each of them is two rows here, one `train` and one `test`.

    Raises:
        DataError: if a list or a picture is missing, or a line cannot be read.
    """
    lists = {split: _SYNTHETIC.format(split) for split in ("train", "test")}
    root = FOLDER.require(*lists.values(), _REAL)
    entries = {name: _read_list(root / name) for name in (*lists.values(), _REAL)}
    classes = _name_classes(root, entries)
    layout = _real_layout(entries[_REAL])
    rows = {name: list(_synthetic_rows(entries[name], split, classes)) for split, name in lists.items()}
    rows[_REAL] = [row for split in ("train", "test") for row in _real_rows(entries[_REAL], split, classes, layout)]
    for name, part in rows.items():
        check_files(Table(part, root, _MODALITIES, ("label",), text=()), root / name)
    return Table([row for part in rows.values() for row in part], root, _MODALITIES, ("label",), text=())


def _read_list(path: Path) -> list[_Entry]:
    entries: list[_Entry] = []
    for line, text in enumerate(read_bounded_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        name, _, number = text.strip().rpartition(" ")
        if "***" not in name or "/" not in name or not name.lower().endswith(_SUFFIXES) or not number.isdecimal():
            raise DataError(
                f"{path}, line {line}: expected a picture's path with *** in it, and the number of its class, such as "
                f"'apple/apple_1/apple_1_1_1_***.png 0', but found {text!r}."
            )
        entries.append(_Entry(line, name, int(number)))
    if not entries:
        raise DataError(f"{path}: expected a list of pictures, but found none.")
    return entries


def _name_classes(root: Path, lists: dict[str, list[_Entry]]) -> dict[int, str]:
    """Name of each class by its number: of SynROD's folder where it has one, as both must have the same names here."""
    names: dict[int, str] = {}
    for path, entries in lists.items():
        own: dict[int, str] = {}
        for entry in entries:
            if own.setdefault(entry.number, entry.category) != entry.category:
                raise DataError(
                    f"{root / path}, line {entry.line}: expected class {entry.number} to be "
                    f"{own[entry.number]!r} as in the lines before, but found {entry.category!r}."
                )
        names = own | names
    return names


def _synthetic_rows(entries: list[_Entry], split: str, classes: dict[int, str]) -> Iterator[Row]:
    for entry in entries:
        yield Row(
            line=entry.line,
            id=f"synrod/{entry.name.replace('/***', '')}",
            domain="synrod",
            split=split,
            labels={"label": classes[entry.number]},
            cells={key: f"synROD/{entry.name.replace('***', word)}" for key, word in _SYNTHETIC_FOLDERS.items()},
        )


def _real_layout(entries: list[_Entry]) -> str:
    """What goes before a path of ROD's list: its folder may be in the list or not."""
    if "???" in entries[0].name:
        return ""
    packed = FOLDER.require_one("ROD/rgb-washington", "ROD/ROD_rgb")
    return "???-washington/" if packed.endswith("washington") else "ROD_???/"


def _real_rows(entries: list[_Entry], split: str, classes: dict[int, str], layout: str) -> Iterator[Row]:
    for entry in entries:
        name = entry.name.rpartition("/")[2].replace("_***", "")
        yield Row(
            line=entry.line,
            id=f"rod/{name}/{split}",
            domain="rod",
            split=split,
            labels={"label": classes[entry.number]},
            cells={
                modality: f"ROD/{layout}{entry.name}".replace("???", kind).replace("***", part)
                for modality, (kind, part) in _REAL_FOLDERS.items()
            },
        )
