"""Doubts about what a run is to be trained on: of `data check` and of `adapt`'s first lines alike."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Final

import numpy as np

from ..errors import DataError
from .array_doubts import doubt_arrays
from .coverage import doubt_modalities
from .decoding import Decoded
from .doubt import Doubt
from .label_doubts import find_label_doubts
from .reading import read_modality
from .reference import looks_like_file, shown
from .schema import Schema
from .table import Row, Table

LOOKED_AT: Final = 8
"""Files of a modality and a domain that are looked at, spread over its rows."""

DOMAINS: Final = 8
"""Domains of which files are looked at, at most."""


def find_run_doubts(
    training: Table,
    target: Table | None,
    schema: Schema,
    known: Mapping[str, Mapping[str, object]],
    others: Table | None = None,
) -> Iterator[Doubt]:
    """Whatever may not be meant, and is done all the same; no label of the target is looked at.

    Args:
        training: the source's training rows.
        target: the target's training rows; None where there is none.
        schema: fitted on `training`.
        known: what is known of the preprocessing, see `fit_preprocessing`: what the user has said is not doubted.
        others: further rows of which files are looked at; where None, the target's.
    """
    for task in schema.tasks:
        # What is refused, fitting has refused.
        yield from (doubt for doubt in find_label_doubts(training, task.name) if not doubt.refused)
    further = others or target
    everything = training if further is None else training.with_rows([*training.rows, *further.rows])
    yield from find_modality_doubts(everything, schema, known)
    if target is not None:
        yield from doubt_modalities(training, target)


def find_modality_doubts(rows: Table, schema: Schema, known: Mapping[str, Mapping[str, object]]) -> Iterator[Doubt]:
    """Doubts about what files are taken for, by a look at some of them, and about how modalities are called.

    Args:
        rows: of all domains that are learnt from.
        schema: fitted on some of them; it may lack modalities and tasks.
        known: see `find_run_doubts`.
    """
    for modality, preprocessing in schema.preprocessing.items():
        kind = preprocessing.kind
        if kind == "text":
            yield from _doubt_texts(rows, modality) if modality in rows.text else ()
        elif kind == "audio":
            if "channels" not in known.get(modality, known.get(kind, {})):
                yield from _doubt_channels(modality, _some_files(rows, modality))
        elif "kind" not in known.get(modality, {}):
            files = _some_files(rows, modality)
            yield from doubt_arrays(modality, kind, (file.array() for file in files if file.kind == "array"))
    alike: dict[str, str] = {}
    for modality in schema.modalities:
        other = alike.setdefault(modality.casefold(), modality)
        if other != modality:
            yield Doubt(
                f"modalities {other!r} and {modality!r} differ in capitals alone, which `export --form split` refuses"
            )


def _doubt_texts(rows: Table, modality: str) -> Iterator[Doubt]:
    cells = [cell for row in rows.rows if (cell := row.cells.get(modality)) is not None]
    files = [cell for cell in cells if len(cell.split()) == 1 and looks_like_file(cell)]
    if files:
        yield Doubt(
            f"{modality}: {len(files)} of {len(cells)} texts look like names of files, such as {shown(files[0])!r}, "
            "but are taken for text, as most others are"
        )


def _doubt_channels(modality: str, files: Iterable[Decoded]) -> Iterator[Doubt]:
    for decoded in files:
        sound = decoded.array()
        if sound.ndim == 2 and sound.shape[1] > 1:
            yield Doubt(
                f"{modality}: sound of several channels, such as {decoded.name} with {sound.shape[1]}, is mixed down; "
                f"with data.preprocessing.{modality}.channels=one it is refused"
            )
            return


def _rows_by_domain(rows: Table, modality: str) -> list[list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows.rows:
        if row.cells.get(modality) is not None:
            found.setdefault(row.domain, []).append(row)
    return list(found.values())[:DOMAINS]


def _some_files(rows: Table, modality: str) -> Iterator[Decoded]:
    for having in _rows_by_domain(rows, modality):
        for position in np.unique(np.linspace(0, len(having) - 1, min(LOOKED_AT, len(having))).round().astype(int)):
            # Whoever reads all rows says what is wrong with one.
            with suppress(DataError):
                decoded = read_modality(rows, having[position], modality)
                if decoded is not None and decoded.array().size:
                    yield decoded
