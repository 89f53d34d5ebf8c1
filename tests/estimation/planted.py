"""Models whose errors are planted, as observations of labelled rows of a source and unlabelled ones of a target."""

from collections.abc import Mapping, Sequence

import numpy as np
from acclimate.framework.estimation.observation import Observation
from acclimate.framework.evaluation.prediction import Predicted
from acclimate.framework.layout import JOINT, Task
from numpy.typing import NDArray

TASK = Task("digit", ("one", "two", "three", "four"))
MODALITIES = ("audio", "image")
WHOLE = MODALITIES


def see(labels: NDArray[np.int64], error: float, generator: np.random.Generator) -> NDArray[np.float32]:
    """Logits of which a share is wrong, each on its own."""
    wrong = (labels + generator.integers(1, 4, size=len(labels))) % 4
    named = np.where(generator.random(len(labels)) < error, wrong, labels)
    return (3 * np.eye(4)[named] + generator.normal(size=(len(labels), 4)) / 10).astype(np.float32)


def predict(labels: NDArray[np.int64], errors: Sequence[float], generator: np.random.Generator) -> Mapping[str, object]:
    """Logits by modality and joint, with an error each; the joint head is the better modality but for its own error."""
    audio, image = (see(labels, error, generator) for error in errors)
    return {"audio": audio, "image": image, JOINT: (audio + 2 * image).astype(np.float32)}


def observation(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    errors: Sequence[float],
    seed: int,
    *,
    shown: NDArray[np.int64] | None = None,
    groups: Sequence[str | None] | None = None,
) -> Observation:
    """A model that errs as often on both sides.

    Args:
        source: labels as the rows look.
        target: labels as the rows look, which it never gets.
        errors: of audio and image.
        seed: of its errors.
        shown: labels of the source as people gave them, where that is another thing.
        groups: of the target's rows.
    """
    generator = np.random.default_rng(seed)
    known = source if shown is None else shown
    return Observation(
        (TASK,),
        {WHOLE: _predicted(source, errors, generator, {"digit": known})},
        {
            WHOLE: _predicted(target, errors, generator, {}),
            ("image",): _predicted(target, (0.9, errors[1]), generator, {}),
        },
        (None,) * len(source),
        tuple(groups or [None] * len(target)),
        tuple(map(str, range(len(target)))),
    )


def _predicted(
    labels: NDArray[np.int64],
    errors: Sequence[float],
    generator: np.random.Generator,
    known: Mapping[str, NDArray[np.int64]],
) -> Predicted:
    logits = {"digit": predict(labels, errors, generator)}
    return Predicted(logits, known, np.ones((len(labels), 2), np.bool_), np.arange(len(labels)))
