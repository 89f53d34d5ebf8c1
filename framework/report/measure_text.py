"""Names of measures and their numbers, as tables and pictures write them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..evaluation.scores import ClassificationScores, TaskScores

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "mean_absolute_error": "mean absolute error",
        "pearson": "Pearson",
    }
)
"""Of the measures that have intervals, by their names in scores."""

HEADS: Final[Mapping[str, str]] = MappingProxyType(
    {**TITLES, "balanced_accuracy": "balanced", "mean_absolute_error": "MAE"}
)
"""The same for narrow columns."""


def values(scores: TaskScores) -> dict[str, float]:
    """The measures that have intervals, by name."""
    if isinstance(scores, ClassificationScores):
        return {"accuracy": scores.accuracy, "balanced_accuracy": scores.balanced_accuracy}
    return {"mean_absolute_error": scores.mean_absolute_error, "pearson": scores.pearson}


def short(number: float, digits: int = 3) -> str:
    """A number with so many digits or more, never in powers of ten; three after the point below 1.

    Example:
        >>> short(0.1234), short(12.34), short(12345.6), short(-1.23456, digits=4)
        ('0.123', '12.3', '12346', '-1.235')
    """
    decimals = 3 if abs(number) < 1 else max(0, digits - len(str(int(abs(number)))))
    return f"{number:.{decimals}f}"
