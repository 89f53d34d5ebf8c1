"""Statements of raters whose truth is known."""

from collections.abc import Mapping, Sequence

import numpy as np
from acclimate.framework.choosing.statement import Statement
from acclimate.framework.consensus.opinion import Opinion
from acclimate.framework.layout import JOINT, Task
from numpy.typing import NDArray

TASK = Task("label", ("cut", "stir", "wash", "dry"))
MODALITIES = ("audio", "video")


def say(
    labels: NDArray[np.int64], right: float, generator: np.random.Generator, classes: int = 4
) -> NDArray[np.float32]:
    """Logits of a rater that is right so often, and else says any other class."""
    wrong = (labels + generator.integers(1, classes, len(labels))) % classes
    said = np.where(generator.random(len(labels)) < right, labels, wrong)
    noise = generator.normal(0, 0.3, (len(labels), classes))
    return (3.0 * np.eye(classes)[said] + noise).astype(np.float32)


def make_opinion(labels: NDArray[np.int64], right: float, generator: np.random.Generator) -> Opinion:
    """The joint head is right so often, a modality's a little less; the last row lacks `audio`."""
    heads = {JOINT: right, **dict.fromkeys(MODALITIES, 0.9 * right)}
    present = np.ones((len(labels), 2), dtype=bool)
    present[-1, 0] = False
    return Opinion({TASK.name: {name: say(labels, share, generator) for name, share in heads.items()}}, present)


def make_statements(
    target: Mapping[str, float],
    *,
    source: float = 0.98,
    rows: int = 600,
    groups: Sequence[str | None] = (),
    shares: Mapping[str, float] | None = None,
) -> tuple[dict[str, Statement], NDArray[np.int64]]:
    """Of candidates that are right so often on the target, and the target's labels."""
    generator = np.random.default_rng(0)
    known, hidden = generator.integers(4, size=300), generator.integers(4, size=rows)
    statements = {
        name: Statement(
            make_opinion(known, source, generator),
            make_opinion(hidden, right, generator),
            {TASK.name: known},
            tuple(groups),
            scores={"source_score": source},
            seconds=1.0,
            share=(shares or {}).get(name, 1.0),
        )
        for name, right in target.items()
    }
    return statements, hidden
