"""One preprocessed sample, and a batch of them as numpy arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen(eq=False)
class Sample:
    """One preprocessed row.

    Args:
        id: of its row.
        domain: name of its domain.
        index: position in its data set.
        inputs: array by modality, in alphabetical order; zeros where the modality is absent.
        present: `(M,)`, which modalities it has.
        labels: class index or number by task; None where labels are not to be seen.
        lengths: steps that are the sample's own, by modality whose samples differ in length; 1 where it is absent.
    """

    id: str
    domain: str
    index: int
    inputs: Mapping[str, NDArray[Any]]
    present: NDArray[np.bool_]
    labels: Mapping[str, int | float] | None = None
    lengths: Mapping[str, int] = attrs.field(factory=dict)


@attrs.frozen(eq=False)
class Arrays:
    """A batch in numpy, for torch and ONNX Runtime alike.

    Args:
        inputs: `(B, ...)` by modality, in alphabetical order; zeros where a modality is absent.
        present: `(B, M)`, which modalities each sample has.
        labels: `(B,)` by task, int64 for classes and float32 for regression; None where labels are not to be seen.
        ids: of the rows.
        domains: their names.
        index: `(B,)`, positions in the data set.
        lengths: `(B,)` int64 by modality whose samples differ in length: steps that are a sample's own, 1 where absent.
    """

    inputs: Mapping[str, NDArray[Any]]
    present: NDArray[np.bool_]
    labels: Mapping[str, NDArray[Any]] | None
    ids: tuple[str, ...]
    domains: tuple[str, ...]
    index: NDArray[np.int64]
    lengths: Mapping[str, NDArray[np.int64]] = attrs.field(factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, rows: slice) -> "Arrays":
        """Some of the rows, as views."""
        return Arrays(
            inputs={name: array[rows] for name, array in self.inputs.items()},
            present=self.present[rows],
            labels=None if self.labels is None else {task: array[rows] for task, array in self.labels.items()},
            ids=self.ids[rows],
            domains=self.domains[rows],
            index=self.index[rows],
            lengths={name: array[rows] for name, array in self.lengths.items()},
        )


def stack(samples: Sequence[Sample]) -> Arrays:
    """Samples as one batch.

    Raises:
        ValueError: if there are no samples: nothing tells the shapes.
    """
    if not samples:
        raise ValueError("samples must be one or more, but got none.")
    first = samples[0]
    return Arrays(
        inputs={name: np.stack([sample.inputs[name] for sample in samples]) for name in first.inputs},
        present=np.stack([sample.present for sample in samples]),
        labels=None if first.labels is None else {task: _stack_labels(task, samples) for task in first.labels},
        ids=tuple(sample.id for sample in samples),
        domains=tuple(sample.domain for sample in samples),
        index=np.array([sample.index for sample in samples], dtype=np.int64),
        lengths={
            name: np.array([sample.lengths[name] for sample in samples], dtype=np.int64) for name in first.lengths
        },
    )


def _stack_labels(task: str, samples: Sequence[Sample]) -> NDArray[Any]:
    labels = [sample.labels[task] for sample in samples if sample.labels is not None]
    return np.array(labels, dtype=np.int64 if isinstance(labels[0], int) else np.float32)
