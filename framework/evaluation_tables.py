"""Results of an evaluation as tables for a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .evaluation import DropTable, Scores
from .layout import JOINT
from .scores import ClassificationScores, RegressionScores, SentimentScores, TaskScores

if TYPE_CHECKING:
    from rich.table import Table

FUSED = "fused"
"""What tables call the joint prediction."""


def scores_table(scores: Scores, task: str, title: str | None = None) -> "Table":
    """One row for the fused prediction and one for each modality of a task."""
    from rich.table import Table

    by_modality = scores.tasks[task]
    table = Table("prediction", title=title)
    for name in score_columns(by_modality[JOINT]):
        table.add_column(name, justify="right")
    for name, found in by_modality.items():
        cells = score_columns(found)
        # A modality's samples may hold too few labels for all measures that the others have.
        table.add_row(
            FUSED if name == JOINT else name, *(cells.get(column, "-") for column in score_columns(by_modality[JOINT]))
        )
    return table


def drop_tables(tables: Mapping[str, DropTable], task: str, title: str | None = None) -> "Table":
    """One row for each subset of modalities; for each runtime, the main score and what the drop costs, side by side.

    Args:
        tables: by the name of the runtime.
        task: whose scores.
        title: above the table.
    """
    from rich.table import Table

    table = Table("modalities", title=title)
    for runtime in tables:
        for name in (runtime, "loss", "excluded"):
            table.add_column(name, justify="right")
    for subset in next(iter(tables.values())).tasks[task]:
        rows = [found.tasks[task][subset] for found in tables.values()]
        cells = [cell for row in rows for cell in (_main(row.scores), _signed(row.loss), str(row.excluded))]
        table.add_row(rows[0].name, *cells)
    return table


def score_columns(scores: TaskScores) -> dict[str, str]:
    """Measures of a task as cells, by the name of their column."""
    match scores:
        case ClassificationScores():
            return {
                "samples": str(scores.samples),
                "accuracy": f"{scores.accuracy:.3f}",
                "balanced": f"{scores.balanced_accuracy:.3f}",
                f"top {scores.k}": f"{scores.top_k_accuracy:.3f}",
                "weighted F1": f"{scores.weighted_f1:.3f}",
            }
        case RegressionScores():
            return {
                "samples": str(scores.samples),
                "MAE": f"{scores.mean_absolute_error:.3f}",
                "Pearson": f"{scores.pearson:.3f}",
                **({} if scores.sentiment is None else _sentiment_columns(scores.sentiment)),
            }


def _sentiment_columns(scores: SentimentScores) -> dict[str, str]:
    return {
        "Acc-7": f"{scores.accuracy_7:.3f}",
        "Acc-5": f"{scores.accuracy_5:.3f}",
        "Acc-2": f"{scores.accuracy_2:.3f}/{scores.accuracy_2_nonzero:.3f}",
        "weighted F1": f"{scores.weighted_f1:.3f}/{scores.weighted_f1_nonzero:.3f}",
    }


def _main(scores: TaskScores | None) -> str:
    return "-" if scores is None else f"{scores.main:.3f}"


def _signed(loss: float | None) -> str:
    return "-" if loss is None else f"{loss:+.3f}"
