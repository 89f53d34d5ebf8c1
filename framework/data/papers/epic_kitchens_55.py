"""Reads EPIC-Kitchens 55 as MM-SADA divides it: eight actions in three kitchens, seen from the head.

Damen et al. 2018, arXiv:1804.02748; Munro and Damen 2020, arXiv:2001.09691.
"""

from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ...errors import DataError
from ..row import Row
from ..table import Table
from .clip_features import name_problem, read_clip_features
from .converted import require_converted
from .layout import DataSetFolder, read_annotations

FOLDER: Final = DataSetFolder(
    "EPIC-Kitchens 55", "EPIC-KITCHENS-55", "https://github.com/jonmun/MM-SADA_Domain_Adaptation_Splits"
)

KITCHENS: Final = MappingProxyType({"D1": "P08", "D2": "P01", "D3": "P22"})
"""The participant whose kitchen a domain is."""

VERBS: Final = ("take", "put", "open", "close", "wash", "cut", "mix", "pour")
"""By their number in the annotations."""

SHIFTS: Final = tuple(permutations(KITCHENS, 2))

_FEATURES: Final = MappingProxyType(
    {"audio": ("features_spec", "features_audio"), "flow": ("features_flow",), "rgb": ("features_rgb",)}
)
"""What the array of a modality is called, in small letters."""

_COLUMNS: Final = ("uid", "video_id", "participant_id", "verb_class")


def read(_seed: int) -> Table:
    """Features of action segments: `audio`, `flow` and `rgb`, or those of them that there are.

    Domains are the kitchens `D1`, `D2` and `D3`, splits as distributed. A group is one recording.

    Raises:
        DataError: if a file is missing, an annotation cannot be read or is none of the protocol's, or a segment has no
            features.
    """
    root = FOLDER.require("annotations", "features")
    rows = [row for domain in KITCHENS for split in ("train", "test") for row in _read_part(root, domain, split)]
    modalities = {modality for row in rows for modality in row.cells}
    return Table(rows, root, modalities, ("label",), text=(), classes={"label": VERBS})


def _read_part(root: Path, domain: str, split: str) -> Iterator[Row]:
    name = f"{domain}_{split}.pkl"
    annotations = require_converted(FOLDER, f"annotations/{name}", suffix=".csv")
    features = read_clip_features(require_converted(FOLDER, f"features/{name}"), "uid", _FEATURES)
    for line, cells in read_annotations(annotations, _COLUMNS):
        try:
            yield Row(
                line=line,
                id=f"{cells['video_id']}_{cells['uid']}",
                domain=domain,
                split=split,
                labels={"label": _read_verb(cells, domain)},
                cells=features.find(cells["uid"], root),
                group=cells["video_id"],
            )
        except DataError as error:
            raise name_problem(annotations, line, cells["uid"], error) from error


def _read_verb(cells: Mapping[str, str], domain: str) -> str:
    if cells["participant_id"] != KITCHENS[domain]:
        raise DataError(f"expected participant {KITCHENS[domain]} in {domain}, but found {cells['participant_id']!r}.")
    verbs = dict(zip(map(str, range(len(VERBS))), VERBS, strict=True))
    if cells["verb_class"] not in verbs:
        raise DataError(f"expected a verb_class from 0 to {len(VERBS) - 1}, but found {cells['verb_class']!r}.")
    return verbs[cells["verb_class"]]
