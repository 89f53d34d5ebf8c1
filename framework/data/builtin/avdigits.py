"""Spoken digits, paired by class with pictures of digits: accents and corpora shift, or synthetic gives way to real."""

import csv
from pathlib import Path
from typing import Final

from ..row import Row
from ..table import Table
from .shared import find_file

_FOLDER: Final = "avdigits"


def read_accent(_seed: int) -> Table:
    """American speakers and MNIST (`us_mnist`), other accents and optdigits (`foreign_optdigits`).

    Classes are 0 to 9, splits as packed.

    Raises:
        DataError: if the files are not there.
    """
    return _read("manifest.csv", "images.npz")


def read_synthetic(_seed: int) -> Table:
    """Synthetic speech and digits from fonts (`synthetic`), people's speech and MNIST (`real`).

    Classes are 0 to 9, splits as packed.

    Raises:
        DataError: if the files are not there.
    """
    return _read("manifest_syn2real.csv", "images_syn2real.npz")


def _read(manifest: str, images: str) -> Table:
    path = find_file(_FOLDER, manifest)
    for name in (images, "fsdd_wav.zip", "synthetic_wav.zip"):
        find_file(_FOLDER, name)
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = [_to_row(reader.line_num, record, images) for record in reader]
    return Table(rows, Path(path.parent), ("audio", "image"), ("label",))


def _to_row(line: int, record: dict[str, str], images: str) -> Row:
    recording = record["wav"]
    archive = "synthetic_wav.zip" if recording.startswith("syn/") else "fsdd_wav.zip"
    return Row(
        line=line,
        id=Path(recording).stem,
        domain=record["domain"],
        split=record["split"],
        labels={"label": record["label"]},
        cells={"audio": f"{archive}!{recording}", "image": f"{images}:images[{record['image_index']}]"},
    )
