"""What a model says of a batch whose inputs are mapped, and how that scores."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..data.arrays import Arrays
from ..data.input_maps import InputMap
from ..evaluation.prediction import Logits, Predictor
from ..layout import JOINT, Task
from .scores import information, modality_agreement, softmax


@attrs.frozen(eq=False, slots=False)
class Said:
    """Logits of all rows.

    Args:
        logits: `(N, C)` by task, then by modality and `JOINT`.
        present: `(N, M)`.
        tasks: Those that are scored.
    """

    logits: Logits
    present: NDArray[np.bool_]
    tasks: Sequence[Task]

    @cached_property
    def probabilities(self) -> list[NDArray[np.float64]]:
        """Of the joint prediction, by task."""
        return [softmax(self.logits[task.name][JOINT]) for task in self.tasks]

    def information(self, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Mean over tasks, for each row of weights."""
        found: NDArray[np.float64] = np.mean([information(part, weights) for part in self.probabilities], axis=0)
        return found

    @cached_property
    def scores(self) -> dict[str, float]:
        """Both scores, each the mean over tasks."""
        agreements = [modality_agreement(self.logits[task.name], self.present) for task in self.tasks]
        return {
            "information_maximisation": float(self.information()[0]),
            "modality_agreement": sum(agreements) / len(agreements),
        }


def ask(
    predict: Predictor, arrays: Arrays, maps: Mapping[str, InputMap], tasks: Sequence[Task], batch_size: int
) -> Said:
    """Predict rows whose inputs are mapped.

    Args:
        predict: The model.
        arrays: Rows.
        maps: By modality.
        tasks: That are scored.
        batch_size: The last batch may be smaller.
    """
    told = frozenset(getattr(predict, "told_lengths", ()))
    parts: list[Any] = []
    for start in range(0, len(arrays), batch_size):
        batch = arrays[start : start + batch_size]
        inputs = {
            name: maps[name](values, batch.lengths.get(name) if name in told else None) if name in maps else values
            for name, values in batch.inputs.items()
        }
        parts.append(predict(inputs, batch.present, batch.lengths))
    logits = {
        task.name: {name: np.concatenate([part[task.name][name] for part in parts]) for name in parts[0][task.name]}
        for task in tasks
    }
    return Said(logits, arrays.present, tasks)
