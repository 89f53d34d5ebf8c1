"""Predictions of a whole split, in torch or ONNX Runtime, with whichever modalities are left."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import attrs
import numpy as np
from numpy.typing import NDArray

from ..arguments import check_positive
from ..data.arrays import Arrays
from ..data.samples import Samples
from ..errors import RunError
from ..layout import JOINT, Task

Logits: TypeAlias = Mapping[str, Mapping[str, NDArray[np.float32]]]
"""`(B, C)` by task, then by modality and `JOINT`; zero where a modality is absent."""

Subset: TypeAlias = tuple[str, ...]
"""Names of modalities, sorted."""


@runtime_checkable
class Predictor(Protocol):
    """A model in whatever runtime: `TorchPredictor`, or `acclimate.exporters`' `SessionPredictor`."""

    def __call__(
        self,
        inputs: Mapping[str, NDArray[Any]],
        present: NDArray[np.bool_],
        lengths: Mapping[str, NDArray[np.int64]] | None = None,
        /,
    ) -> Logits:
        """Logits of a batch.

        Args:
            inputs: `(B, ...)` by modality, all of them; what stands in an absent slot must not matter.
            present: `(B, M)`, which modalities each sample has, columns in alphabetical order. No row is empty.
            lengths: `(B,)` by modality, how many steps of each row are its own; all, where a modality is left out.
        """


@attrs.frozen(eq=False)
class Predicted:
    """Predictions of the samples that have some of the modalities that are left.

    Args:
        logits: `(N, C)` by task, then by modality and `JOINT`.
        labels: `(N,)` by task; empty where samples are not labelled.
        present: `(N, M)`, which modalities each sample had when it was predicted.
        rows: `(N,)`, positions of these samples in the split.
    """

    logits: Logits
    labels: Mapping[str, NDArray[Any]]
    present: NDArray[np.bool_]
    rows: NDArray[np.int64]


def predict_subsets(
    predict: Predictor, samples: Samples, subsets: Sequence[Subset], batch_size: int, *, labelled: bool = True
) -> dict[Subset, Predicted | None]:
    """Predict a split with each subset of its modalities; each sample is read once.

    The other modalities are dropped at the input: the predictor is told that they are absent and gets zeros for them.
    Samples that have none of a subset are left out; None stands where none is left.

    Args:
        predict: the model.
        samples: of which there is at least one.
        subsets: names of modalities to keep.
        batch_size: the last batch may be smaller.
        labelled: whether they must be labelled, as they are to be scored. Those that are not give no labels.

    Raises:
        ValueError: if there are no samples or no labels, or the predictor gives other logits than it should.
        RunError: if logits are not finite. The message names the sample.
    """
    if not len(samples) or (labelled and not samples.labelled):
        raise ValueError(f"samples must be labelled and at least one, but got {len(samples)}, {samples.labelled=}.")
    check_positive(batch_size=batch_size)
    parts: dict[Subset, list[Predicted]] = {subset: [] for subset in subsets}
    for arrays in _batches(samples, batch_size):
        for subset in subsets:
            left = _keep(arrays, [name in subset for name in arrays.inputs])
            if left is not None:
                parts[subset].append(_predict(predict, left, samples.schema.tasks))
    return {subset: _join(found) if found else None for subset, found in parts.items()}


def _batches(samples: Samples, batch_size: int) -> Iterator[Arrays]:
    for start in range(0, len(samples), batch_size):
        yield samples.batch(range(len(samples))[start : start + batch_size])


def _keep(arrays: Arrays, kept: list[bool]) -> Arrays | None:
    present = arrays.present & kept
    rows = np.flatnonzero(present.any(axis=1))
    if not len(rows):
        return None
    present = present[rows]
    inputs = {}
    for column, (name, values) in enumerate(arrays.inputs.items()):
        inputs[name] = values[rows]
        inputs[name][~present[:, column]] = 0
    return Arrays(
        inputs=inputs,
        present=present,
        labels={task: values[rows] for task, values in (arrays.labels or {}).items()},
        ids=tuple(arrays.ids[row] for row in rows),
        domains=tuple(arrays.domains[row] for row in rows),
        index=arrays.index[rows],
        lengths={name: values[rows] for name, values in arrays.lengths.items()},
    )


def _predict(predict: Predictor, arrays: Arrays, tasks: Sequence[Task]) -> Predicted:
    logits = predict(arrays.inputs, arrays.present, arrays.lengths)
    names = {JOINT, *arrays.inputs}
    for task in tasks:
        found = logits.get(task.name, {})
        if set(found) != names:
            raise ValueError(
                f"predict must give logits of task {task.name!r} for {', '.join(sorted(names))}, but gave them for "
                f"{', '.join(sorted(found)) or 'none'}."
            )
        for name, values in found.items():
            _check(task, name, values, arrays.ids)
    return Predicted(logits, arrays.labels or {}, arrays.present, arrays.index)


def _check(task: Task, name: str, values: NDArray[np.float32], ids: tuple[str, ...]) -> None:
    if values.shape != (len(ids), task.outputs):
        raise ValueError(
            f"logits of task {task.name!r}, {name}, must be of shape {(len(ids), task.outputs)}, but are of shape "
            f"{values.shape}."
        )
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise RunError(
            f"logits must be finite, but task {task.name!r}, {name}, has others for sample {ids[wrong[0]]!r}: the "
            "training may have diverged"
        )


def _join(parts: list[Predicted]) -> Predicted:
    first = parts[0]
    return Predicted(
        logits={
            task: {name: np.concatenate([part.logits[task][name] for part in parts]) for name in by_modality}
            for task, by_modality in first.logits.items()
        },
        labels={task: np.concatenate([part.labels[task] for part in parts]) for task in first.labels},
        present=np.concatenate([part.present for part in parts]),
        rows=np.concatenate([part.rows for part in parts]),
    )
