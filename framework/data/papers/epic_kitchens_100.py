"""Reads EPIC-Kitchens 100 as its challenge in domain adaptation divides it: the same kitchens, two years later.

Damen et al. 2022, arXiv:2006.13256.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import attrs

from ...errors import DataError
from ..row import Row
from ..table import Table
from .clip_features import name_problem, read_clip_features
from .converted import require_converted
from .layout import DataSetFolder, read_annotations

FOLDER: Final = DataSetFolder(
    "EPIC-Kitchens 100", "EPIC-KITCHENS-100", "https://github.com/jonmun/EPIC-KITCHENS-100_UDA_TA3N"
)

CLASSES: Final = MappingProxyType(
    {"verb": tuple(str(number) for number in range(97)), "noun": tuple(str(number) for number in range(300))}
)
"""Numbers of the verbs and nouns, as in the annotations; the source's training rows lack some."""

_FEATURES: Final = MappingProxyType({"audio": ("audio", "spec"), "flow": ("flow",), "rgb": ("rgb",)})
_COLUMNS: Final = ("narration_id", "video_id")


@attrs.frozen
class _Part:
    """A file of annotations, and what its segments are for.

    Args:
        domain: `source` or `target`.
        split: train or test.
        features: name of its features.
        annotations: name of the file, without its beginning and ending.
        labelled: whether it tells verbs and nouns.
        needed: whether the data set is incomplete without it.
    """

    domain: str
    split: str
    features: str
    annotations: str
    labelled: bool = True
    needed: bool = True

    @property
    def path(self) -> str:
        return f"UDA_annotations/EPIC_100_uda_{self.annotations}.csv"


_PARTS: Final = (
    _Part("source", "train", "source_train", "source_train"),
    _Part("source", "test", "source_val", "source_val", needed=False),
    _Part("target", "train", "target_train", "target_train_timestamps", labelled=False),
    _Part("target", "test", "target_val", "target_val"),
)


def read(_seed: int) -> Table:
    """Features of action segments by TBN, `(25, 1024)` each: `audio`, `flow` and `rgb`, with a verb and a noun.

    `source` was filmed in 2018, `target` two years later. What the challenge calls validation is `test` here, of the
    source if there are features of it: its own test has no labels. A group is one recording.

    Raises:
        DataError: if a file is missing, an annotation cannot be read, or a segment has no features.
    """
    root = FOLDER.require("features", *(part.path for part in _PARTS if part.needed))
    rows = [row for part in _PARTS if part.needed or _is_there(root, part) for row in _read_part(root, part)]
    modalities = {modality for row in rows for modality in row.cells}
    return Table(rows, root, modalities, tuple(CLASSES), text=(), classes=CLASSES)


def _is_there(root: Path, part: _Part) -> bool:
    return (root / part.path).is_file() and any((root / "features").glob(f"{part.features}*"))


def _read_part(root: Path, part: _Part) -> Iterator[Row]:
    path = require_converted(FOLDER, f"features/{part.features}.pkl", f"features/{part.features}")
    features = read_clip_features(path, "narration_ids", _FEATURES)
    tasks = {task: f"{task}_class" for task in CLASSES}
    annotations = root / part.path
    for line, cells in read_annotations(annotations, (*_COLUMNS, *(tasks.values() if part.labelled else ()))):
        try:
            yield Row(
                line=line,
                id=cells["narration_id"],
                domain=part.domain,
                split=part.split,
                labels={task: _read_class(cells, task) if part.labelled else None for task in tasks},
                cells=features.find(cells["narration_id"], root),
                group=cells["video_id"],
            )
        except DataError as error:
            raise name_problem(annotations, line, cells["narration_id"], error) from error


def _read_class(cells: Mapping[str, str], task: str) -> str:
    found = cells[f"{task}_class"]
    if found not in CLASSES[task]:
        raise DataError(f"expected a {task}_class from 0 to {len(CLASSES[task]) - 1}, but found {found!r}.")
    return found
