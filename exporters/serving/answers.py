"""What a client is told: all logits, and for each task of classes the probabilities and the most probable class."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...framework.errors import DataError
from ...framework.layout import JOINT
from ..artefact import ArtefactConfig

LABEL: Final = "{task}_label"
PROBABILITIES: Final = "{task}_probabilities"


def answer(logits: Mapping[str, NDArray[np.float32]], config: ArtefactConfig) -> dict[str, NDArray[Any]]:
    """All outputs by name: the graph's own, then probabilities `(B, C)` and labels `(B,)` in UTF-8.

    Args:
        logits: `(B, C)` by the graph's outputs.
        config: of the artefact.

    Raises:
        DataError: if an answer is no finite number.
    """
    outputs: dict[str, NDArray[Any]] = dict(logits)
    for task in config.schema.tasks:
        joint = logits[config.outputs[task.name][JOINT]]
        wrong = np.flatnonzero(~np.isfinite(joint).all(axis=1))
        if len(wrong):
            raise DataError(f"{task.name}: row {wrong[0]} has no finite answer: its inputs are too large.")
        if task.classes is not None:
            outputs[PROBABILITIES.format(task=task.name)] = _softmax(joint)
            labels = [task.classes[index].encode() for index in joint.argmax(axis=1)]
            outputs[LABEL.format(task=task.name)] = np.array(labels, np.object_)
    return outputs


def answer_types(config: ArtefactConfig) -> list[tuple[str, str, list[int]]]:
    """Name, type in the protocol's words and shape of each output; -1 stands for any number of rows."""
    types = []
    for task in config.schema.tasks:
        types += [(name, "FP32", [-1, task.outputs]) for name in config.outputs[task.name].values()]
    for task in config.schema.tasks:
        if task.classes is not None:
            types.append((PROBABILITIES.format(task=task.name), "FP32", [-1, task.outputs]))
            types.append((LABEL.format(task=task.name), "BYTES", [-1]))
    return types


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    exact = logits.astype(np.float64)
    weights = np.exp(exact - exact.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)
