"""How training went: losses, scores, and what the method's parts measured."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from ..data import Schema
from ..evaluation.tables import FUSED
from ..layout import JOINT, Task
from ..measures import Curve, LearningCurves
from .curves import Timeline, draw_curves
from .finished_run import FinishedRun
from .views import Gallery, Picture, Section

HOW_ORACLE: Final = (
    "By labels of the target's test rows, and of its training rows for pseudo-labels. They were looked at for this log "
    "alone, after each decision was made."
)


def training_section(run: FinishedRun, schema: Schema, *, oracle: bool) -> Section:
    """The section of learning curves.

    Args:
        run: which.
        schema: of its data.
        oracle: whether to show what an oracle logged, if one did.
    """
    galleries = list(_galleries(run, run.curves, schema))
    scored = _oracle_curves(run.curves, schema.tasks)
    if oracle and scored:
        pictures = _draw(run, scored, schema, oracle=True)
        galleries.append(Gallery(pictures, "Scores by target labels", HOW_ORACLE))
    return Section("training", "Learning curves", galleries)


def _galleries(run: FinishedRun, curves: LearningCurves, schema: Schema) -> Iterator[Gallery]:
    scores = {f"source {_score_name(schema.tasks)}": curves.source_score}
    scores |= {f"target: {name.replace('_', ' ')}": curve for name, curve in curves.target_scores.items()}
    marks = "Dashed: the selected epoch." + (" Solid: where a stage or round ends." if _boundaries(run) else "")
    note = f"After each epoch, on the source's validation rows and the unlabelled target. {marks}"
    yield Gallery(_draw(run, scores, schema), "Scores without target labels", note)
    if curves.losses:
        note = "On the batch of every tenth step; each term is shown before its weight."
        yield Gallery(_draw(run, curves.losses, schema), "Losses", note)
    if curves.measures:
        note = "What parts of the method say of themselves after each epoch, and how uneven feature norms are."
        yield Gallery(_draw(run, curves.measures, schema), "Measures of the method", note)


def _oracle_curves(curves: LearningCurves, tasks: tuple[Task, ...]) -> dict[str, Curve]:
    scores = {f"{_main(tasks, name)} of {name}": curve for name, curve in curves.oracle.items()}
    return scores | {f"pseudo-labels of {_lesson(name)}": curve for name, curve in curves.lessons.items()}


def _draw(run: FinishedRun, curves: Mapping[str, Curve], schema: Schema, *, oracle: bool = False) -> list[Picture]:
    timeline = Timeline(float(len(run.epochs)), run.best.epoch + 1.0, _boundaries(run))
    colours = {name: number for number, name in enumerate(schema.modalities)}
    colours |= dict.fromkeys((JOINT, FUSED), len(colours))
    return draw_curves(curves, timeline, colours, oracle=oracle)


def _boundaries(run: FinishedRun) -> tuple[float, ...]:
    """Epochs done where the stage or its round changes."""
    epochs = run.epochs
    return tuple(
        float(now["epoch"])
        for before, now in pairwise(epochs)
        if (before.get("stage"), before.get("round")) != (now.get("stage"), now.get("round"))
    )


def _score_name(tasks: tuple[Task, ...]) -> str:
    if not any(task.is_regression for task in tasks):
        return "accuracy"
    return "error, negated" if all(task.is_regression for task in tasks) else "score"


def _main(tasks: tuple[Task, ...], name: str) -> str:
    regressions = {task.name for task in tasks if task.is_regression}
    return "mean absolute error" if name.rpartition("/")[0] in regressions else "accuracy"


def _lesson(name: str) -> str:
    """Of `<task>/score` and `<task>/kept`."""
    task, _, number = name.rpartition("/")
    return f"{task}/{'right, of those kept' if number == 'score' else 'kept'}"
