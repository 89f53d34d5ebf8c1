"""Scores by severity as a table for a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..evaluation.severity_curve import SeverityCurve

if TYPE_CHECKING:
    from rich.table import Table


def severity_table(curves: Mapping[str, SeverityCurve], task: str, title: str | None = None) -> "Table":
    """One row a severity, one column a model, then the relative robustness and, of all but the last, the effective one.

    Args:
        curves: by the name of the model; the last of several is the baseline of the others.
        task: whose scores.
        title: above the table.
    """
    from rich.table import Table

    table = Table("severity", title=title)
    for name in curves:
        table.add_column(name, justify="right")
    severities = next(iter(curves.values())).severities
    for position, severity in enumerate(severities):
        cells = [f"{curve.fused(task)[position].main:.3f}" for curve in curves.values()]
        table.add_row("0 (clean)" if severity == 0 else str(severity), *cells, end_section=severity == severities[-1])
    table.add_row("relative robustness", *(f"{curve.relative_robustness(task):.3f}" for curve in curves.values()))
    *models, baseline = curves.values()
    if models:
        effective = (f"{curve.effective_robustness(task, baseline):+.3f}" for curve in models)
        table.add_row("effective robustness", *effective, "0")
    return table
