"""Reads MIntRec: what people in a television series intend, by what they say, how, and how they look.

Zhang et al. 2022, doi:10.1145/3503161.3547906.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..array_cache import cache_arrays, fingerprint
from ..row import Row
from ..table import Table
from .converted import open_arrays, require_converted
from .halves import divide
from .layout import DataSetFolder, check_files, read_annotations

FOLDER: Final = DataSetFolder("MIntRec", "MIntRec", "https://github.com/thuiar/MIntRec")

INTENTS: Final = (
    *("Advise", "Agree", "Apologise", "Arrange", "Ask for help", "Care", "Comfort", "Complain", "Criticize", "Flaunt"),
    *("Greet", "Inform", "Introduce", "Joke", "Leave", "Oppose", "Praise", "Prevent", "Taunt", "Thank"),
)

VIDEO_FEATURES: Final = 256
"""Of the speaker's region in one frame, by a Faster R-CNN."""

_SPLITS: Final = MappingProxyType({"train": "train", "dev": "validation", "test": "test"})
_COLUMNS: Final = ("season", "episode", "clip", "text", "label")
_VIDEO: Final = "video_data/video_feats.pkl"
_SOUND: Final = "audio_data/raw_audio"
_MODALITIES: Final = ("audio", "text", "video")


def read(seed: int) -> Table:
    """Utterances with one of 20 intents, as `audio`, `text` and `video` (256 features a frame).

    Domains are two halves of each split, drawn by `seed`; splits are as distributed. A group is one episode.

    Raises:
        DataError: if a file is missing, or an annotation cannot be read; if the features were not converted; or if the
            cache cannot be written, which holds them without their axis of length one.
    """
    root = FOLDER.require(*(f"{name}.tsv" for name in _SPLITS), _SOUND)
    features = require_converted(FOLDER, _VIDEO)
    with open_arrays(features) as archive:
        clips = frozenset(archive.files)
    video = cache_arrays("mintrec", fingerprint([features]), lambda: _squeeze(features))
    rows: list[Row] = []
    for name, split in _SPLITS.items():
        part = list(_read_rows(root / f"{name}.tsv", split, {clip: f"{video}:{clip}" for clip in clips}))
        check_files(Table(part, root, _MODALITIES, ("label",), text={"text"}), root / f"{name}.tsv")
        rows += part
    return Table(divide(rows, seed), root, _MODALITIES, ("label",), text={"text"})


def _read_rows(path: Path, split: str, video: Mapping[str, str]) -> Iterator[Row]:
    for line, cells in read_annotations(path, _COLUMNS, delimiter="\t"):
        season, episode, clip = cells["season"], cells["episode"], cells["clip"]
        name = f"{season}_{episode}_{clip}"
        if cells["label"] not in INTENTS:
            raise DataError(f"{path}, line {line}: expected one of {', '.join(INTENTS)}, but found {cells['label']!r}.")
        if name not in video:
            raise DataError(f"{path}, line {line}: expected features of clip {name!r} in {_VIDEO}, but found none.")
        yield Row(
            line=line,
            id=name,
            domain="",
            split=split,
            labels={"label": cells["label"]},
            cells={
                "audio": f"{_SOUND}/{season}/{episode}/{clip}.wav",
                "text": cells["text"] or None,
                "video": video[name],
            },
            group=f"{season}_{episode}",
        )


def _squeeze(path: Path) -> dict[str, NDArray[Any]]:
    """Features `(frames, 256)` by clip: each frame's were packed as `(1, 256)`."""
    arrays: dict[str, NDArray[Any]] = {}
    with open_arrays(path) as archive:
        for clip in archive.files:
            values = archive[clip]
            if (
                values.ndim not in {2, 3}
                or values.shape[-1] != VIDEO_FEATURES
                or values.size != len(values) * VIDEO_FEATURES
            ):
                raise DataError(
                    f"{path}: expected features (frames, 1, {VIDEO_FEATURES}) of each clip, but found "
                    f"{values.shape} for {clip!r}."
                )
            arrays[clip] = values.reshape(len(values), VIDEO_FEATURES).astype(np.float32)
    return arrays
