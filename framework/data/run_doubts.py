"""Doubts about what a run is to be trained on: of `data check` and of `adapt`'s first lines alike."""

from collections.abc import Container, Iterator
from typing import Any

from numpy.typing import NDArray

from ..errors import DataError
from .array_doubts import LOOKED_AT, doubt_arrays
from .coverage import doubt_modalities
from .doubt import Doubt
from .label_doubts import find_label_doubts
from .reading import read_modality
from .schema import Schema
from .table import Table


def find_run_doubts(
    training: Table, target: Table | None, schema: Schema, named: Container[str] = ()
) -> Iterator[Doubt]:
    """Whatever may not be meant, and is done all the same; no label of the target is looked at.

    Args:
        training: the source's training rows.
        target: the target's training rows; None where there is none.
        schema: fitted on `training`.
        named: see `find_modality_doubts`.
    """
    for task in schema.tasks:
        # What is refused, fitting has refused.
        yield from (doubt for doubt in find_label_doubts(training, task.name) if not doubt.refused)
    yield from find_modality_doubts(training, schema, named)
    if target is not None:
        yield from doubt_modalities(training, target)


def find_modality_doubts(rows: Table, schema: Schema, named: Container[str] = ()) -> Iterator[Doubt]:
    """Doubts about what files are taken for, by a look at the first few, and about how modalities are called.

    Args:
        rows: that the schema was fitted on.
        schema: may lack modalities and tasks.
        named: modalities whose kind the user has named, so that it was not guessed.
    """
    for modality, preprocessing in schema.preprocessing.items():
        if modality not in named:
            yield from doubt_arrays(modality, preprocessing.kind, list(_first_arrays(rows, modality)))
    alike: dict[str, str] = {}
    for modality in schema.modalities:
        other = alike.setdefault(modality.casefold(), modality)
        if other != modality:
            yield Doubt(
                f"modalities {other!r} and {modality!r} differ in capitals alone, which `export --form split` refuses"
            )


def _first_arrays(rows: Table, modality: str) -> Iterator[NDArray[Any]]:
    having = [row for row in rows.rows if row.cells.get(modality) is not None]
    for row in having[:LOOKED_AT]:
        try:
            decoded = read_modality(rows, row, modality)
        except DataError:
            # Whoever reads all rows says so.
            continue
        if decoded is not None and decoded.kind == "array":
            yield decoded.array()
