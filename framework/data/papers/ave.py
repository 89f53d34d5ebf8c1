"""Reads AVE: 28 kinds of events that are seen and heard, in clips of ten seconds.

Tian et al. 2018, arXiv:1803.08842.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar

import attrs

from ...errors import DataError
from ..hdf5 import array_shapes, read_array
from ..problem import Problem
from ..row import Row
from ..table import Table
from .layout import DataSetFolder, check_files, read_annotations, read_lines

T = TypeVar("T")

FOLDER: Final = DataSetFolder("AVE", "AVE", "https://github.com/YapengTian/AVE-ECCV18")

SECONDS: Final = 10
"""Length of a clip."""

_HEADER: Final = "Category&VideoID&Quality&StartTime&EndTime"
_SETS: Final = MappingProxyType({"train": "train", "val": "validation", "test": "test"})
_ARRAYS: Final = MappingProxyType({"audio": "audio_feature.h5", "video": "visual_feature_vec.h5"})
_KEY: Final = "avadataset"


@attrs.frozen
class _Event:
    """One line of the annotations.

    Args:
        line: its number.
        category: the kind of event.
        video: name of the clip; one clip may have several events.
        start: first second of the event.
        end: the second after its last.
    """

    line: int
    category: str
    video: str
    start: int
    end: int


def read(_seed: int) -> Table:
    """One row for each second of an event: the picture at its beginning, `image`, and its sound, `audio`.

    Domains are those of `domains.csv`, splits as distributed. A group is one clip.

    Raises:
        DataError: if a file is missing, or an annotation cannot be read.
    """
    lists = {split: f"{name}Set.txt" for name, split in _SETS.items()}
    root = FOLDER.require(*lists.values(), "frames", "audio")
    domains = _read_domains(root)
    rows: list[Row] = []
    for split, name in lists.items():
        part = [
            _to_row(root / name, event, domains, split, second)
            for event in _read_events(root / name)
            for second in range(event.start, event.end)
        ]
        check_files(Table(part, root, ("audio", "image"), ("label",), text=()), root / name)
        rows += part
    return Table(rows, root, ("audio", "image"), ("label",), text=())


def read_features(_seed: int) -> Table:
    """One row for each clip: `audio`, `(10, 128)` by VGGish, and `video`, `(10, 512)` by VGG-19, a step a second.

    Domains are those of `domains.csv`, splits as distributed. A group is one recording.

    Raises:
        DataError: if a file is missing, an annotation or an array cannot be read, or h5py is missing.
    """
    orders = {split: f"{name}_order.h5" for name, split in _SETS.items()}
    root = FOLDER.require("Annotations.txt", *_ARRAYS.values(), *orders.values())
    annotations = root / "Annotations.txt"
    events = list(_read_events(annotations))
    for name in _ARRAYS.values():
        _check_features(root / name, len(events))
    splits = {row: split for split, name in orders.items() for row in _read_order(root / name, len(events))}
    domains = _read_domains(root)
    rows = [
        Row(
            line=event.line,
            id=f"{row}/{event.video}",
            domain=_find_domain(annotations, event, domains),
            split=splits[row],
            labels={"label": event.category},
            cells={modality: f"{name}:{_KEY}[{row}]" for modality, name in _ARRAYS.items()},
            group=event.video,
        )
        for row, event in enumerate(events)
        if row in splits
    ]
    return Table(rows, root, tuple(_ARRAYS), ("label",), text=())


def _to_row(path: Path, event: _Event, domains: Mapping[str, str], split: str, second: int) -> Row:
    return Row(
        line=event.line,
        id=f"{path.stem}/{event.line}/{event.video}/{second}",
        domain=_find_domain(path, event, domains),
        split=split,
        labels={"label": event.category},
        cells={"audio": f"audio/{event.video}/{second}.wav", "image": f"frames/{event.video}/{second}.jpg"},
        group=event.video,
    )


def _read_events(path: Path) -> Iterator[_Event]:
    for line, text in read_lines(path):
        if text == _HEADER:
            continue
        cells = text.split("&")
        if len(cells) != 5 or not (cells[3].isdecimal() and cells[4].isdecimal() and int(cells[4]) <= SECONDS):
            raise DataError(
                f"{path}, line {line}: expected {_HEADER}, with times from 0 to {SECONDS}, but found {text!r}."
            )
        yield _Event(line, cells[0], cells[1], int(cells[3]), int(cells[4]))


def _read_domains(root: Path) -> dict[str, str]:
    """Domain by clip."""
    path = root / "domains.csv"
    if not path.is_file():
        raise DataError(
            f"{path}: expected a table of the columns VideoID and domain, but found none. AVE has no domains of its "
            "own, and the papers do not say theirs: docs/datasets.md shows how to write it."
        )
    return {cells["VideoID"]: cells["domain"] for _, cells in read_annotations(path, ("VideoID", "domain"))}


def _find_domain(path: Path, event: _Event, domains: Mapping[str, str]) -> str:
    if not domains.get(event.video):
        problem = Problem("expected its domain in domains.csv, but found none.", event.line, event.video)
        raise DataError(f"{path}, {problem}")
    return domains[event.video]


def _check_features(path: Path, clips: int) -> None:
    shape = _name_file(path, lambda: array_shapes(path)).get(_KEY, ())
    if len(shape) != 3 or shape[:2] != (clips, SECONDS):
        raise DataError(
            f"{path}: expected an array {_KEY} of shape ({clips}, {SECONDS}, features), as there are {clips} "
            f"annotations, but found {shape or 'none'}."
        )


def _read_order(path: Path, clips: int) -> list[int]:
    """Rows of the features that belong to a split."""
    order = _name_file(path, lambda: read_array(path, "order", None))
    if order.ndim != 1 or order.dtype.kind not in "iu" or (order < 0).any() or (order >= clips).any():
        raise DataError(f"{path}: expected positions of {clips} clips, but found {order.dtype} of shape {order.shape}.")
    rows: list[int] = order.tolist()
    return rows


def _name_file(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
