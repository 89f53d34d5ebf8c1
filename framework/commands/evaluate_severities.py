"""acclimate evaluate --corrupt, --preset: scores on rows that are corrupted more and more."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import AcclimateError
from .corruption_options import plan_severities

if TYPE_CHECKING:
    from ..data import Schema, Table
    from ..data.corruptions import Plan
    from ..prediction import Predictor

Model: TypeAlias = "tuple[str, Predictor, Schema]"
"""Runtime, model and what it takes."""


def report_severities(options: Any, models: Mapping[str, Model], rows: "Table", where: str) -> dict[str, Any]:  # noqa: ANN401
    """Print a table for each task, with relative and effective robustness.

    Args:
        options: see `plan_severities`.
        models: by name: one, or one and its baseline.
        rows: labelled.
        where: what the rows are, for titles.

    Returns:
        All scores and both measures as plain data.

    Raises:
        AcclimateError: if models have other tasks, or the options do not fit the rows.
    """
    from rich.console import Console

    from ..severity_curve import evaluate_severities
    from ..severity_table import severity_table

    (_, _, schema), *others = models.values()
    for _, _, other in others:
        if other.tasks != schema.tasks:
            raise AcclimateError(f"--baseline must have the tasks {schema.tasks}, but has {other.tasks}")
    plans = plan_severities(options, rows)
    for plan in plans[1]:
        if plan.modality not in schema.modalities:
            known = ", ".join(schema.modalities)
            raise AcclimateError(
                f"a modality to corrupt must be one that the model has, {known}, but got {plan.modality!r}"
            )
    curves = {
        name: evaluate_severities(predict, its_schema, rows, plans) for name, (_, predict, its_schema) in models.items()
    }
    console, names = Console(), [task.name for task in schema.tasks]
    corruption = options.preset or ", ".join(options.corrupt)
    for task in names:
        measure = next(iter(curves.values())).fused(task)[0].main_name
        console.print(severity_table(curves, task, title=f"{task}: {measure}, {where}, {corruption}"))
    curve, *baselines = curves.values()
    content: dict[str, Any] = {"corruptions": _describe(plans), **curve.to_json()}
    for baseline in baselines:
        content["baseline"] = baseline.to_json()
        content["effective_robustness"] = {task: curve.effective_robustness(task, baseline) for task in names}
    return content


def _describe(plans: "Mapping[int, Sequence[Plan]]") -> dict[str, Any]:
    """Corruptions and shares by severity, then by modality."""
    return {
        str(severity): {
            plan.modality: [{"corruption": str(step.corruption), "share": step.share} for step in plan.steps]
            for plan in chosen
        }
        for severity, chosen in plans.items()
    }
