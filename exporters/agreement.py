"""How well two artefacts of one model agree on samples."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..framework.data.arrays import Arrays
from ..framework.errors import ExportError
from ..framework.evaluation.scores import score_task
from ..framework.layout import JOINT, Task
from ..framework.port_names import LENGTH, PRESENT
from .artefact import ArtefactConfig
from .opened_graphs import ArrayGraphs
from .precision_report import Agreement

BATCH_SIZE: Final = 32

Logits = Mapping[str, Mapping[str, NDArray[np.float32]]]
"""`(N, C)` by task, then by `JOINT` and by modality."""


def to_feed(arrays: Arrays, config: ArtefactConfig) -> dict[str, NDArray[Any]]:
    """Rows as an artefact's graphs take them."""
    lengths = {LENGTH.format(modality=name): arrays.lengths[name] for name in config.lengths}
    return {**arrays.inputs, **lengths, PRESENT: arrays.present.astype(np.float32)}


def predict(graphs: ArrayGraphs, arrays: Arrays, config: ArtefactConfig) -> Logits:
    """All outputs of all rows.

    Raises:
        ExportError: if one is not finite; it names the output and the row.
    """
    batches = [arrays[start : start + BATCH_SIZE] for start in range(0, len(arrays), BATCH_SIZE)]
    parts = [graphs.run(to_feed(batch, config), batch.present) for batch in batches]
    outputs = iter([np.concatenate(values) for values in zip(*parts, strict=True)])
    found = {task: {modality: next(outputs) for modality in names} for task, names in config.outputs.items()}
    for task, names in config.outputs.items():
        for modality, name in names.items():
            wrong = np.flatnonzero(~np.isfinite(found[task][modality]).all(axis=1))
            if len(wrong):
                row = arrays.ids[wrong[0]]
                raise ExportError(f"{config.precision}: output {name!r} must be finite, but is not for sample {row!r}.")
    return found


def compare_logits(
    found: Logits, expected: Logits, present: NDArray[np.bool_], config: ArtefactConfig
) -> dict[str, dict[str, Agreement]]:
    """Agreement of each prediction, on the rows that have the modality; those of no row are left out."""
    rows = _rows(present, config)
    return {
        task.name: {
            name: _agree(task, found[task.name][name][rows[name]], expected[task.name][name][rows[name]])
            for name in config.outputs[task.name]
            if rows[name].any()
        }
        for task in config.schema.tasks
    }


def score_logits(logits: Logits, labelled: Arrays, config: ArtefactConfig) -> dict[str, dict[str, float]]:
    """The main score of each prediction by task, on the rows that have the modality; those of no row are left out."""
    rows, labels = _rows(labelled.present, config), labelled.labels or {}
    return {
        task.name: {
            name: score_task(task, labels[task.name][rows[name]], logits[task.name][name][rows[name]]).main
            for name in config.outputs[task.name]
            if rows[name].any()
        }
        for task in config.schema.tasks
    }


def _rows(present: NDArray[np.bool_], config: ArtefactConfig) -> dict[str, NDArray[np.bool_]]:
    columns = {name: present[:, column] for column, name in enumerate(config.schema.modalities)}
    return {JOINT: np.ones(len(present), np.bool_), **columns}


def _agree(task: Task, found: NDArray[np.float32], expected: NDArray[np.float32]) -> Agreement:
    if task.is_regression:
        agreement = correlation(found[:, 0], expected[:, 0])
    else:
        agreement = float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
    return Agreement(len(found), agreement, cosine(found, expected))


def correlation(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Pearson's; where either does not vary, 1 if they are equal and else 0.

    Example:
        >>> correlation(np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 6.0]))
        1.0
    """
    first, second = (values.astype(np.float64) - values.mean(dtype=np.float64) for values in (found, expected))
    scale = np.sqrt((first @ first) * (second @ second))
    if scale == 0:
        return float(np.array_equal(found, expected))
    return float(np.clip(first @ second / scale, -1, 1))


def cosine(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Cosine similarity of all values as one vector; where either is zero, 1 if they are equal and else 0.

    Example:
        >>> round(cosine(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])), 4)
        0.7071
    """
    first, second = found.astype(np.float64).ravel(), expected.astype(np.float64).ravel()
    scale = np.sqrt((first @ first) * (second @ second))
    if scale == 0:
        return float(np.array_equal(found, expected))
    return float(np.clip(first @ second / scale, -1, 1))
