"""Scores of predictions without labels in numpy: the same formulas as `acclimate.framework.validators` has in torch."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..layout import JOINT


def softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Probabilities `(N, C)`."""
    shifted = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return found


def entropy(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Entropy along the last axis, in nats.

    Example:
        >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0]])).round(4).tolist()
        [0.6931, 0.0]
    """
    logarithms = np.log(probabilities, out=np.zeros_like(probabilities), where=probabilities > 0)
    found: NDArray[np.float64] = -(probabilities * logarithms).sum(axis=-1)
    return np.maximum(found, 0.0)


def information(probabilities: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Information maximisation: entropy of the mean prediction minus the mean entropy, up to log C.

    Shi and Sha, "Information-theoretical learning of discriminative clusters for unsupervised domain adaptation" (ICML
    2012, https://arxiv.org/abs/1206.6438).

    Args:
        probabilities: `(N, C)`.
        weights: `(R, N)`, how often each row counts in each of several scores, as a bootstrap draws them; None counts
            each once, for one score.

    Returns:
        `(R,)`.

    Example:
        >>> information(np.eye(2)).round(4).tolist()
        [0.6931]
    """
    drawn = np.ones((1, len(probabilities))) if weights is None else weights
    rows = drawn.sum(axis=1)
    means = drawn @ probabilities / rows[:, np.newaxis]
    found: NDArray[np.float64] = entropy(means) - drawn @ entropy(probabilities) / rows
    return found


def modality_agreement(logits: Mapping[str, NDArray[np.floating[Any]]], present: NDArray[np.bool_]) -> float:
    """How far each modality by itself says what all say together, beyond chance: see the validator of this name.

    Args:
        logits: `(N, C)` by modality and `JOINT`.
        present: `(N, M)`, columns in alphabetical order.

    Example:
        >>> logits = np.eye(3)
        >>> modality_agreement({"joint": logits, "audio": logits}, np.ones((3, 1), bool))
        1.0
    """
    joint = logits[JOINT].argmax(axis=1)
    names: Sequence[str] = sorted(name for name in logits if name != JOINT)
    found = []
    for column, name in enumerate(names):
        rows = present[:, column]
        if rows.any():
            chosen = logits[name][rows].argmax(axis=1)
            classes = logits[name].shape[1]
            kappas = [_kappa(chosen == index, joint[rows] == index) for index in range(classes)]
            found.append(sum(kappas) / classes)
    return sum(found) / len(found) if found else 0.0


def _kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    observed, yes, also_yes = float((first == second).mean()), float(first.mean()), float(second.mean())
    expected = yes * also_yes + (1 - yes) * (1 - also_yes)
    return 0.0 if expected == 1.0 else (observed - expected) / (1.0 - expected)
