"""Reads CMU-MOSI and CMU-MOSEI as MMSA packs them: opinions on films and other things, and how positive they are.

Zadeh et al. 2016, arXiv:1606.06259 (MOSI); Zadeh et al. 2018, doi:10.18653/v1/P18-1208 (MOSEI).
"""

import math
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ..array_cache import cache_arrays, fingerprint
from ..data_folder import data_folder
from ..row import Row
from ..table import Table
from .converted import open_arrays, read_shapes, require_converted
from .halves import divide
from .layout import DataSetFolder
from .mmsa_releases import RELEASES, Sizes, describe

_ORIGIN: Final = "https://github.com/thuiar/MMSA#2-datasets"

MOSI: Final = DataSetFolder("CMU-MOSI", "MOSI", _ORIGIN)
MOSEI: Final = DataSetFolder("CMU-MOSEI", "MOSEI", _ORIGIN)

_FILES: Final = ("Processed/aligned_50.pkl", "Processed/unaligned_50.pkl")
_SPLITS: Final = MappingProxyType({"train": "train", "valid": "validation", "test": "test"})
_MODALITIES: Final = ("text", "audio", "vision")
_LABELS: Final = "regression_labels"
_CLEANED: Final = ("audio", "vision")
_LARGEST: Final = 3.0


@attrs.frozen
class _Corpus:
    """One converted file.

    Args:
        folder: of the corpus.
        path: of the file.
        shapes: of its arrays, by name.
    """

    folder: DataSetFolder
    path: Path
    shapes: dict[str, tuple[int, ...]]

    @property
    def sizes(self) -> Sizes:
        """Numbers of features."""
        text, audio, vision = (self.shapes[f"train/{name}"][2] for name in _MODALITIES)
        return text, audio, vision


def read_mosi(seed: int) -> Table:
    """MOSI's utterances as `text`, `audio` and `vision`, each `(steps, features)`, and their sentiment in [-3, 3].

    Domains are two halves of each split, drawn by `seed`: a shift only once one of them is corrupted. Splits are as
    distributed; a group is one video.

    Raises:
        DataError: if the file is missing, was not converted, or is of another layout or corpus.
    """
    return _read_half_and_half(MOSI, seed)


def read_mosei(seed: int) -> Table:
    """MOSEI's utterances; see `read_mosi`.

    Raises:
        DataError: if the file is missing, was not converted, or is of another layout or corpus.
    """
    return _read_half_and_half(MOSEI, seed)


def read_both(_seed: int) -> Table:
    """The utterances of both, for OSAN's shifts: domains are `mosei` and `mosi`.

    Raises:
        DataError: see `read_mosi`; or if a modality has more features in one than in the other, as in all releases
            that are known: features of both must be extracted alike.
    """
    corpora = [_open(folder) for folder in (MOSEI, MOSI)]
    first, second = corpora
    if first.sizes != second.sizes:
        raise DataError(
            f"{first.path} and {second.path}: expected the same numbers of features, but found {describe(first.sizes)} "
            f"and {describe(second.sizes)}: extract the features of both alike, such as by MMSA-FET."
        )
    return _make_table([row for corpus in corpora for row in _read_rows(corpus)])


def _read_half_and_half(folder: DataSetFolder, seed: int) -> Table:
    corpus = _open(folder)
    known = RELEASES[folder.name]
    if corpus.sizes not in known:
        wanted = ", or ".join(map(describe, known))
        raise DataError(f"{corpus.path}: expected {wanted}, but found {describe(corpus.sizes)}.")
    return _make_table(divide(list(_read_rows(corpus)), seed))


def _make_table(rows: list[Row]) -> Table:
    return Table(rows, data_folder(), _MODALITIES, ("label",), text=(), kinds={"label": "regression"})


def _open(folder: DataSetFolder) -> _Corpus:
    path = require_converted(folder, *_FILES)
    shapes = read_shapes(path)
    for split in _SPLITS:
        for name in (*_MODALITIES, "id", _LABELS):
            axes = 3 if name in _MODALITIES else 1
            shape = shapes.get(f"{split}/{name}", ())
            if len(shape) != axes or shape[0] != shapes[f"{split}/text"][0]:
                wanted = "(utterances, steps, features)" if axes == 3 else "(utterances,)"
                found = f"the shape {shape}" if shape else "none"
                raise DataError(
                    f"{path}: expected an array {split}/{name} {wanted}, as MMSA's files have, but found {found}."
                )
    return _Corpus(folder, path, shapes)


def _read_rows(corpus: _Corpus) -> Iterator[Row]:
    path = corpus.path
    cleaned = cache_arrays(f"{corpus.folder.name.lower()}-{path.stem}", fingerprint([path]), lambda: _clean(path))
    with open_arrays(cleaned) as archive:
        places = dict.fromkeys(archive.files, cleaned)
    with open_arrays(path) as archive:
        for split, own in _SPLITS.items():
            pairs = zip(archive[f"{split}/id"].tolist(), archive[f"{split}/{_LABELS}"].tolist(), strict=True)
            for index, (name, label) in enumerate(pairs):
                if not abs(label) <= _LARGEST + 1e-6:
                    raise DataError(
                        f"{path}, {split}/{_LABELS}[{index}]: expected a sentiment in [-3, 3], but found {label}."
                    )
                yield Row(
                    line=index + 1,
                    id=str(name),
                    domain=corpus.folder.name.lower(),
                    split=own,
                    labels={"label": f"{label:.6g}"},
                    cells={
                        modality: f"{places.get(key, path)}:{key}[{index}]"
                        for modality in _MODALITIES
                        for key in [f"{split}/{modality}"]
                    },
                    group=str(name).partition("$_$")[0],
                )


def _clean(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of audio and vision that hold values which are not finite, with 0 for those, as MMSA's loader has."""
    arrays: dict[str, NDArray[Any]] = {}
    with open_arrays(path) as archive:
        for split in _SPLITS:
            for modality in _CLEANED:
                values = archive[f"{split}/{modality}"]
                if not math.isfinite(float(np.sum(values, dtype=np.float64))):
                    arrays[f"{split}/{modality}"] = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    return arrays
