"""Reads UCF-HMDB (full): twelve actions that UCF101 and HMDB51 have in common.

Chen et al. 2019, arXiv:1907.12743.
"""

from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ...errors import DataError
from ..row import Row
from ..table import Table
from .layout import DataSetFolder, check_files, read_lines

FOLDER: Final = DataSetFolder("UCF-HMDB", "UCF-HMDB", "https://github.com/cmhungsteve/TA3N")

ACTIONS: Final = (
    *("climb", "fencing", "golf", "kick_ball", "pullup", "punch", "pushup", "ride_bike", "ride_horse", "shoot_ball"),
    *("shoot_bow", "walk"),
)
"""By their number in the lists."""

SHIFTS: Final = (("ucf", "hmdb"), ("hmdb", "ucf"))

_DOMAINS: Final = MappingProxyType({"ucf": "ucf101", "hmdb": "hmdb51"})
_SPLITS: Final = MappingProxyType({"train": "train", "val": "test"})
_MODALITIES: Final = ("flow", "rgb")
_SUFFIX_PARTS: Final = MappingProxyType({"ucf": 1, "hmdb": 6})
"""How many parts of a clip's name, behind its last underscores, tell it from others of the same recording."""


def read(_seed: int) -> Table:
    """Features of each clip, `(steps, features)`: `flow` and `rgb`, or one of them.

    Domains are `ucf` and `hmdb`. Splits are those of the lists: the first official ones of UCF101 and HMDB51. A group
    is one recording.

    Raises:
        DataError: if a file is missing, or a line of a list cannot be read.
    """
    lists = {
        (domain, split): f"list_{name}_{packed}_hmdb_ucf-feature.txt"
        for domain, name in _DOMAINS.items()
        for packed, split in _SPLITS.items()
    }
    root = FOLDER.require(*lists.values())
    FOLDER.require_one(*_MODALITIES)
    modalities = tuple(name for name in _MODALITIES if (root / name).is_dir())
    rows: list[Row] = []
    for (domain, split), name in lists.items():
        part = list(_read_rows(root / name, domain, split, modalities))
        check_files(Table(part, root, modalities, ("label",), text=()), root / name)
        rows += part
    return Table(rows, root, modalities, ("label",), text=(), classes={"label": ACTIONS})


def _read_rows(path: Path, domain: str, split: str, modalities: tuple[str, ...]) -> Iterator[Row]:
    actions = dict(zip(map(str, range(len(ACTIONS))), ACTIONS, strict=True))
    for line, text in read_lines(path):
        # Names have no spaces, folders above them may.
        cells = text.rsplit(" ", maxsplit=2)
        if len(cells) != 3 or cells[2] not in actions:
            raise DataError(
                f"{path}, line {line}: expected `folder frames class`, with a class from 0 to {len(ACTIONS) - 1}, "
                f"but found {text!r}."
            )
        clip = Path(cells[0]).name
        yield Row(
            line=line,
            id=clip,
            domain=domain,
            split=split,
            labels={"label": actions[cells[2]]},
            cells={modality: f"{modality}/{clip}.npy" for modality in modalities},
            group=clip.rsplit("_", maxsplit=_SUFFIX_PARTS[domain])[0],
        )
