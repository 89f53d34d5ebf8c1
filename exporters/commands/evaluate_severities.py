"""acclimate evaluate --corrupt, --preset: scores on rows that are corrupted more and more."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...framework.commands.corruption_options import plan_severities
from ...framework.errors import AcclimateError
from .evaluated_model import EvaluatedModel

if TYPE_CHECKING:
    from ...framework.data import Table
    from ...framework.data.corruptions import Plan


def report_severities(options: Any, models: Mapping[str, EvaluatedModel], rows: "Table", where: str) -> dict[str, Any]:  # noqa: ANN401
    """Print a table for each task, with relative and effective robustness.

    Args:
        options: see `plan_severities`, and `--batch-size`.
        models: by name: one, or one and its baseline.
        rows: labelled.
        where: what the rows are, for titles.

    Returns:
        All scores and both measures as plain data.

    Raises:
        AcclimateError: if models have other tasks, or the options do not fit the rows.
    """
    from rich.console import Console

    from ...framework.evaluation.severity_curve import evaluate_severities
    from ...framework.report.severity_table import severity_table

    schema, *others = (model.schema for model in models.values())
    for other in others:
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
        name: evaluate_severities(model.predict, model.schema, rows, plans, options.batch_size)
        for name, model in models.items()
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
