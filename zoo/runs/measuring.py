"""Scores of a finished run on both test splits, and a picture of its features. What takes target labels is oracle."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Final

import attrs
import numpy as np

from ...framework.data import Schema
from ...framework.experiments.saved_method import load_run
from ...framework.layout import JOINT, DomainSide, Task
from ...framework.measures import embed
from ...framework.measures.t_sne import FEWEST
from ...framework.model import MultimodalModel
from ...framework.report.finished_run import FinishedRun
from ...framework.report.rows import choose_rows, open_rows
from ...framework.report.sides import Observed, observe, spread
from ..metrics import Point
from .numbers import Number, read_scores

MOST_POINTS: Final = 200
"""Rows of each side in the picture, evenly spread."""

Sides = Mapping[DomainSide, Observed]


@attrs.frozen(eq=False)
class MeasuredRun:
    """A finished run and what its model says of the test splits.

    Args:
        run: the run.
        model: with the weights of its best checkpoint.
        schema: of its data.
        sides: source and, if any, target.
    """

    run: FinishedRun
    model: MultimodalModel
    schema: Schema
    sides: Sides

    @property
    def numbers(self) -> dict[Number, float]:
        """Main scores per modality and fused, and on the target with every subset; none of a side without labels."""
        return {
            number: value
            for side, observed in self.sides.items()
            if observed.scores is not None
            for number, value in read_scores(observed.scores, observed.drop if side == "target" else None, side).items()
        }

    def points(self) -> tuple[Point, ...]:
        """The joint features of both sides in one plane (t-SNE), by label of the first task that has classes.

        None where there are too few rows, or scikit-learn is not there.
        """
        return tuple(_points(self.sides, self.schema.tasks, self.run.seed)) if can_embed() else ()


def can_embed() -> bool:
    """Whether scikit-learn is there, of the extra `report`."""
    return find_spec("sklearn") is not None


def measure_run(run: FinishedRun, data: str | None = None) -> MeasuredRun:
    """Score the best checkpoint of a run on the test splits of its source and, if any, its target.

    Args:
        run: the run.
        data: its table, where that is no longer where it was.

    Raises:
        AcclimateError: if the data is not there, or a side has no test split.
    """
    method, schema, _ = load_run(run.path)
    rows = choose_rows(run, open_rows(run, data or run.table), schema, "test", oracle=True)
    return MeasuredRun(run, method.model.eval(), schema, observe(method, schema, rows))


def _points(sides: Sides, tasks: tuple[Task, ...], seed: int) -> Iterator[Point]:
    features = {side: spread(observed.features(JOINT), MOST_POINTS) for side, observed in sides.items()}
    if sum(map(len, features.values())) < FEWEST:
        return
    places = embed(np.concatenate(list(features.values())), seed=seed).round(2).tolist()
    labels = [
        (side, label) for side, observed in sides.items() for label in _labels(observed, tasks, len(features[side]))
    ]
    for (x, y), (side, label) in zip(places, labels, strict=True):
        yield Point(x, y, side, label)


def _labels(observed: Observed, tasks: tuple[Task, ...], points: int) -> list[str]:
    """Names of classes; empty where there are none."""
    task = next((task for task in tasks if task.classes is not None), None)
    found = None if task is None else observed.labels(task.name, JOINT)
    if task is None or task.classes is None or found is None:
        return [""] * points
    return [task.classes[index] for index in spread(found, MOST_POINTS)]
