"""Results of an evaluation as tables for a terminal."""

from typing import TYPE_CHECKING

from ..layout import JOINT
from .scores import ClassificationScores, RegressionScores, SentimentScores, TaskScores
from .subsets import Scores

if TYPE_CHECKING:
    from rich.table import Table

FUSED = "fused"
"""What tables call the joint prediction."""


def scores_table(scores: Scores, task: str, title: str | None = None) -> "Table":
    """One row for the fused prediction and one for each modality of a task."""
    from rich.table import Table

    by_modality = scores.tasks[task]
    columns = score_columns(by_modality[JOINT])
    table = Table("prediction", title=title)
    for name in columns:
        table.add_column(name, justify="right")
    for name, found in by_modality.items():
        # A modality's samples may hold too few labels for all measures that the others have.
        cells = {**dict.fromkeys(columns, "-"), **score_columns(found)}
        # Pairs take two lines, so that all columns fit into a terminal.
        table.add_row(FUSED if name == JOINT else name, *(cells[column].replace("/", "/\n") for column in columns))
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
