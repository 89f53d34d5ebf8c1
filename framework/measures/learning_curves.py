"""How a run went, read from the rows of its metrics.jsonl."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from ..errors import RunError


@attrs.frozen
class Curve:
    """A number over training.

    Args:
        epochs: how many were done when it was measured, whole or not.
        values: the number then.
    """

    epochs: tuple[float, ...]
    values: tuple[float, ...]


@attrs.frozen
class LearningCurves:
    """Everything that a run logged, each by name.

    Args:
        losses: every term, unweighted, every balanced group and the `total`, on the batch of a step.
        source_score: accuracy of the fused prediction on the source's validation rows; minus the mean absolute error of
            a regression task.
        target_scores: target-side scores, which need no labels.
        measures: what parts of the method measured, such as the weights of Boomda's balance, as `<part>/<name>`.
        oracle: main scores on the target's labels, as `<task>/<prediction>`.
        lessons: how right the pseudo-labels that were kept are, by the target's labels, as `<task>/score`, and the
            share that was kept, as `<task>/kept`.
    """

    losses: Mapping[str, Curve]
    source_score: Curve
    target_scores: Mapping[str, Curve]
    measures: Mapping[str, Curve]
    oracle: Mapping[str, Curve]
    lessons: Mapping[str, Curve]


def read_curves(rows: Iterable[Mapping[str, Any]], epochs: int) -> LearningCurves:
    """Sort the rows of a log into curves.

    Args:
        rows: of metrics.jsonl, of any kind; those of other kinds than `step` and `epoch` are left out.
        epochs: that the whole run has.

    Raises:
        RunError: if a row lacks what its kind should have.

    Example:
        >>> record = {"epoch": 0, "source_accuracy": 0.5, "target": {}, "measures": {"alignment/balance/audio": 0.7}}
        >>> rows = [{"kind": "step", "progress": 0.25, "losses": {"total": 2.0}}, {"kind": "epoch", **record}]
        >>> curves = read_curves(rows, epochs=2)
        >>> curves.losses["total"], curves.measures["alignment/balance/audio"].values
        (Curve(epochs=(0.5,), values=(2.0,)), (0.7,))
    """
    points: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        try:
            for group, at, name, value in _read(row, epochs):
                points.setdefault(group, {}).setdefault(name, []).append((float(at), float(value)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"metrics.jsonl is damaged: a row of kind {row.get('kind')!r}: {error!r}") from error
    groups = {
        group: {name: Curve(*zip(*pairs, strict=True)) for name, pairs in by_name.items()}
        for group, by_name in points.items()
    }
    return LearningCurves(
        losses=groups.get("losses", {}),
        source_score=groups.get("source", {}).get("accuracy", Curve((), ())),
        target_scores=groups.get("target", {}),
        measures=groups.get("measures", {}),
        oracle=groups.get("oracle", {}),
        lessons=groups.get("lessons", {}),
    )


def _read(row: Mapping[str, Any], epochs: int) -> Iterator[tuple[str, float, str, float]]:
    """Group, epochs done, name and value of each number of a row."""
    kind = row.get("kind")
    if kind == "step":
        at = row["progress"] * epochs
        yield from (("losses", at, name, value) for name, value in row["losses"].items())
    elif kind == "epoch":
        at = row["epoch"] + 1
        yield "source", at, "accuracy", row["source_accuracy"]
        yield from (("target", at, name, value) for name, value in row["target"].items())
        yield from (("measures", at, name, value) for name, value in row["measures"].items())
        oracle = row.get("oracle", {})
        yield from (("oracle", at, name, value) for name, value in _by_task(oracle.get("target", {})))
        yield from (("lessons", at, name, value) for name, value in _by_task(oracle.get("lessons", {})))


def _by_task(report: Mapping[str, Mapping[str, float | None]]) -> Iterator[tuple[str, float]]:
    """Numbers as `<task>/<name>`; what was not known is left out."""
    for task, numbers in report.items():
        yield from ((f"{task}/{name}", value) for name, value in numbers.items() if value is not None)
