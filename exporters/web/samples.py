"""Rows of a table as files beside the page, prepared already, with what the artefact answers to each."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...framework.data.arrays import Sample
from ...framework.data.reading import read_modality
from ...framework.data.samples import Samples
from ...framework.data.table import Table
from ...framework.layout import modality_subsets
from ..session import Session
from .previews import write_preview

FOLDER: Final = "samples"
INDEX: Final = "samples.json"
CONTENT: Final = "samples.bin"

ALIGNMENT: Final = 8
"""Bytes that an array in the file starts at a multiple of, as browsers ask for arrays of int64."""


def write_samples(page: Path, session: Session, table: Table | None, rows: int) -> int:
    """Write some rows, spread evenly over a table.

    `samples.json` says of each row its id, its labels, where the array of each modality lies in `samples.bin`, and what
    the artefact answers to each subset of its modalities, so that a browser can be compared with this machine.

    Args:
        page: the folder; `samples/` is made in it.
        session: the artefact.
        table: None writes an empty index.
        rows: how many at most.

    Returns:
        How many were written.

    Raises:
        DataError: if a row cannot be read, or has none of the artefact's modalities.
    """
    folder = page / FOLDER
    folder.mkdir()
    content = bytearray()
    found = (
        []
        if table is None
        else [_describe(page, content, sample, session, table) for sample in _pick(session, table, rows)]
    )
    (folder / INDEX).write_text(json.dumps({"samples": found}, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / CONTENT).write_bytes(content)
    return len(found)


def _pick(session: Session, table: Table, rows: int) -> list[Sample]:
    samples = Samples(table, session.schema, labelled=False)
    positions = np.linspace(0, len(samples) - 1, min(rows, len(samples))).round().astype(int)
    return [samples[position] for position in positions.tolist()]


def _describe(page: Path, content: bytearray, sample: Sample, session: Session, table: Table) -> dict[str, Any]:
    row = table.rows[sample.index]
    given = [name for name, there in zip(sample.inputs, sample.present.tolist(), strict=True) if there]
    inputs: dict[str, Any] = {}
    for column, name in enumerate(given):
        decoded = read_modality(table, row, name)
        inputs[name] = {
            "offset": _append(content, sample.inputs[name].tobytes()),
            "length": sample.lengths.get(name),
            "preview": {} if decoded is None else write_preview(decoded, page, f"{FOLDER}/{sample.index}-{column}"),
        }
    return {
        "id": sample.id,
        "labels": {task.name: row.labels.get(task.name) for task in session.tasks},
        "inputs": inputs,
        "expected": [_answer(session, sample, subset) for subset in modality_subsets(tuple(given))],
    }


def _answer(session: Session, sample: Sample, subset: tuple[str, ...]) -> dict[str, Any]:
    outputs = session.run(
        {name: sample.inputs[name][np.newaxis] for name in subset},
        lengths={name: np.array([sample.lengths[name]]) for name in subset if name in sample.lengths},
    )
    return {"modalities": subset, "outputs": {name: values[0].tolist() for name, values in outputs.items()}}


def _append(content: bytearray, values: bytes) -> int:
    """Where the values begin."""
    content.extend(bytes(-len(content) % ALIGNMENT))
    offset = len(content)
    content.extend(values)
    return offset
