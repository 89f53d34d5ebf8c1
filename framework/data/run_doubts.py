"""Doubts about what a run is to be trained on: of `data check` and of `adapt`'s first lines alike."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Final

import numpy as np

from ..errors import DataError
from .array_doubts import doubt_arrays
from .cell_columns import count_cells
from .coverage import doubt_modalities
from .decoding import Decoded
from .doubt import Doubt
from .label_doubts import find_label_doubts
from .reading import read_modality
from .reference import looks_like_file, shown
from .schema import Schema
from .table import Table

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
    yield from find_modality_doubts([training, *([] if further is None else [further])], schema, known)
    if target is not None:
        yield from doubt_modalities(training, target)


def find_modality_doubts(
    tables: Sequence[Table], schema: Schema, known: Mapping[str, Mapping[str, object]]
) -> Iterator[Doubt]:
    """Doubts about what files are taken for, by a look at some of them, and about how modalities are called.

    Args:
        tables: rows of all domains that are learnt from.
        schema: fitted on some of them; it may lack modalities and tasks.
        known: see `find_run_doubts`.
    """
    for modality, preprocessing in schema.preprocessing.items():
        kind = preprocessing.kind
        if kind == "text":
            yield from _doubt_texts([table for table in tables if modality in table.text], modality)
        elif kind == "audio":
            if "channels" not in known.get(modality, known.get(kind, {})):
                yield from _doubt_channels(modality, _some_files(tables, modality))
        elif "kind" not in known.get(modality, {}):
            files = _some_files(tables, modality)
            yield from doubt_arrays(modality, kind, (file.array() for file in files if file.kind == "array"))
    alike: dict[str, str] = {}
    for modality in schema.modalities:
        other = alike.setdefault(modality.casefold(), modality)
        if other != modality:
            yield Doubt(
                f"modalities {other!r} and {modality!r} differ in capitals alone, which `export --form split` refuses"
            )


def _doubt_texts(tables: Sequence[Table], modality: str) -> Iterator[Doubt]:
    cells = sum((count_cells(table.column(modality)) for table in tables), Counter())
    files = {cell: rows for cell, rows in cells.items() if len(cell.split()) == 1 and looks_like_file(cell)}
    if files:
        yield Doubt(
            f"{modality}: {sum(files.values())} of {cells.total()} texts look like names of files, such as "
            f"{shown(next(iter(files)))!r}, but are taken for text, as most others are"
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


def _some_files(tables: Sequence[Table], modality: str) -> Iterator[Decoded]:
    having = [table.where(table.present(modality)) for table in tables]
    domains = dict.fromkeys(domain for table in having for domain in table.domains)
    for domain in list(domains)[:DOMAINS]:
        parts = [table.select(domain) for table in having if domain in table.domains]
        rows = sum(map(len, parts))
        for number in np.unique(np.linspace(0, rows - 1, min(LOOKED_AT, rows)).round().astype(int)).tolist():
            table, position = _find_place(parts, number)
            # Whoever reads all rows says what is wrong with one.
            with suppress(DataError):
                decoded = read_modality(table, table.rows[position], modality)
                if decoded is not None and decoded.array().size:
                    yield decoded


def _find_place(parts: Sequence[Table], number: int) -> tuple[Table, int]:
    """The row of that number, counted through all parts."""
    for part in parts:
        if number < len(part):
            break
        number -= len(part)
    return part, number
