"""The estimates of several papers for one model and task, each with its interval."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..consensus.ensemble import mean_probabilities
from ..consensus.opinion import cast_votes, joint_probabilities, softmax
from ..layout import JOINT, Task
from .agreement_on_the_line import agreement_on_the_line
from .average_thresholded_confidence import average_thresholded_confidence
from .calibration import calibrate
from .confidence import difference_of_confidences, mean_confidence
from .estimate import Estimate
from .observation import Observation
from .resamples import Resamples


def estimate_by_one(model: Observation, task: Task, resamples: Resamples) -> Iterator[Estimate]:
    """ATC, DoC and mean confidence: what one model's probabilities say of it.

    Args:
        model: what it says.
        task: with classes.
        resamples: draws of rows.
    """
    labels = model.labels(task.name)
    source, target = (joint_probabilities([model.opinion(side)], task.name)[0] for side in ("source", "target"))
    yield resamples.estimate(
        "average_thresholded_confidence",
        lambda drawn, rows: average_thresholded_confidence(source[drawn], labels[drawn], target[rows]),
    )
    yield resamples.estimate(
        "difference_of_confidences",
        lambda drawn, rows: difference_of_confidences(source[drawn], labels[drawn], target[rows]),
    )
    temperature = calibrate(model.at("source").logits[task.name][JOINT], labels).temperature
    calibrated = softmax(model.at("target").logits[task.name][JOINT] / temperature)
    yield resamples.estimate("mean_confidence", lambda _, rows: mean_confidence(calibrated[rows]))


def estimate_by_several(models: Sequence[Observation], task: Task, resamples: Resamples) -> Iterator[Estimate]:
    """EnsV times the ensemble's accuracy on the source, GDE and AGL: of the first of several models.

    Args:
        models: three or more, of the same rows.
        task: with classes.
        resamples: draws of rows.
    """
    labels = models[0].labels(task.name)
    sides = {side: [model.opinion(side) for model in models] for side in ("source", "target")}
    votes = {side: cast_votes(opinions, task.name) for side, opinions in sides.items()}
    means = {side: mean_probabilities(joint_probabilities(found, task.name)) for side, found in sides.items()}
    right = means["source"].argmax(axis=1) == labels
    agrees = votes["target"][0] == means["target"].argmax(axis=1)
    yield resamples.estimate(
        "agreement_with_ensemble", lambda drawn, rows: float(right[drawn].mean() * agrees[rows].mean())
    )
    others = votes["target"][1:]
    yield resamples.estimate(
        "generalisation_disagreement", lambda _, rows: float((others == votes["target"][0])[:, rows].mean())
    )
    yield resamples.estimate(
        "agreement_on_the_line",
        lambda drawn, rows: float(
            np.asarray(agreement_on_the_line(votes["source"][:, drawn], labels[drawn], votes["target"][:, rows]))[0]
        ),
    )
