"""What CogBeacon's readings of one round are summed up in: 24 numbers of the EEG, 280 of the face."""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...errors import DataError
from ...files.bounded_file import read_bounded_text

EEG_FEATURES: Final = 24
FACE_FEATURES: Final = 280

_ELECTRODES: Final = 4
_RAW: Final = "eeg"
_BANDS: Final = ("d", "t", "a", "b", "g")
"""Relative power of the delta, theta, alpha, beta and gamma band."""

_TAG: Final = re.compile(r"[A-Za-z]{1,3}\s")
_POINTS: Final = 140
"""Values of one frame: x and y of 68 points of the face, and the four of the box around it."""


def read_eeg(path: Path) -> NDArray[np.float32] | None:
    """The features of one round's EEG.

    They are the mean relative power of five bands at four electrodes (spectral, band by band), and the standard
    deviation of the raw signal at each electrode (temporal). The papers name 24 "temporal and spectral features" and
    do not list them, so this choice is ours.

    Args:
        path: a text file whose lines hold a tag, `eeg` for the raw signal or one letter for a band, and one value an
            electrode, between spaces.

    Returns:
        `(24,)`, or None where one of the features has no value: the headset did not touch the skin, or the round was
        too short.

    Raises:
        DataError: if the file is something else.
    """
    lines = read_bounded_text(path, errors="replace").splitlines()
    readings: dict[str, list[list[float]]] = {tag: [] for tag in (_RAW, *_BANDS)}
    for number, line in enumerate(lines, start=1):
        tag, *cells = line.split() or [""]
        if tag not in readings:
            continue
        try:
            values = [float(cell) for cell in cells]
        except ValueError:
            values = []
        if len(values) < _ELECTRODES:
            raise DataError(f"{path}, line {number}: expected {tag!r} and {_ELECTRODES} numbers, but found {line!r}.")
        readings[tag].append(values[:_ELECTRODES])
    if lines and not any(_TAG.match(line) for line in lines):
        raise DataError(
            f"{path}: expected lines such as 'eeg 812.1 830.4 821.0 799.7', which start with a tag, but found "
            f"{lines[0][:40]!r}."
        )
    parts = [_mean(readings[band]) for band in _BANDS]
    raw = _finite(readings[_RAW])
    parts.append(raw.std(axis=0) if len(raw) else np.full(_ELECTRODES, np.nan))
    features = np.concatenate(parts).astype(np.float32)
    return features if np.isfinite(features).all() else None


def read_face(frames: Iterable[Path]) -> NDArray[np.float32] | None:
    """The features of the face in one round: mean and standard deviation of each value over the frames.

    Args:
        frames: `.npz` files with one array of 140 values; those with fewer, where no face was found, are left out.

    Returns:
        `(280,)`, the means first, or None without a face in any frame.

    Raises:
        DataError: if a file is something else.
    """
    found = [points for path in frames if (points := _read_frame(path)) is not None]
    if not found:
        return None
    points = np.stack(found)
    return np.concatenate([points.mean(axis=0), points.std(axis=0)]).astype(np.float32)


def _read_frame(path: Path) -> NDArray[np.float64] | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            (name,) = archive.files
            values = np.asarray(archive[name], dtype=np.float64).ravel()
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: expected an archive of one array of numbers (.npz), but found: {error}") from error
    return values[:_POINTS] if len(values) >= _POINTS else None


def _finite(readings: list[list[float]]) -> NDArray[np.float64]:
    values = np.array(readings, dtype=np.float64).reshape(-1, _ELECTRODES)
    return values[np.isfinite(values).all(axis=1)]


def _mean(readings: list[list[float]]) -> NDArray[np.float64]:
    values = _finite(readings)
    return values.mean(axis=0) if len(values) else np.full(_ELECTRODES, np.nan)
