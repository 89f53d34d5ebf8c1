"""An accuracy that nobody has measured: what it is, how far off it may be, and what it rests on."""

from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import attrs

from ..evaluation.intervals import Interval

ESTIMATE_FILE: Final = "estimate.json"
"""What `acclimate estimate` leaves in a run folder, and reports show."""

Method: TypeAlias = Literal[
    "consensus",
    "modality_heads",
    "average_thresholded_confidence",
    "difference_of_confidences",
    "mean_confidence",
    "agreement_with_ensemble",
    "generalisation_disagreement",
    "agreement_on_the_line",
]
"""What an estimate is made by."""

ASSUMPTIONS: Final = MappingProxyType(
    {
        "consensus": "candidates err independently of each other where the class is known, or share errors on the "
        "target as they do on the source",
        "modality_heads": "the model's modalities err independently of each other, or share errors on the target as "
        "they do on the source",
        "average_thresholded_confidence": "being so sure means the same on the target as on the source",
        "difference_of_confidences": "accuracy falls by as much as confidence does",
        "mean_confidence": "the model, calibrated on the source, is calibrated on the target",
        "agreement_with_ensemble": "the mean of the candidates is right on the target as often as on the source",
        "generalisation_disagreement": "candidates are runs of one recipe that differ by their seeds alone, and err "
        "as a calibrated ensemble does",
        "agreement_on_the_line": "accuracy goes from source to target as agreement of candidates does",
    }
)
"""What each method rests on: where it does not hold, the interval does not either."""


@attrs.frozen
class Estimate:
    """How often a model is probably right on rows without labels. No label of them was read.

    Args:
        accuracy: share of the rows.
        interval: of it, from drawing rows of the target and of the source again. It tells how much is due to chance in
            these rows, not how well the assumption holds.
        method: what it is made by.
        rows: of the target that were judged.
        groups: that the target's rows come from, drawn together, such as speakers; None where no row names one.

    Example:
        >>> print(Estimate(0.81, Interval(0.77, 0.85), "consensus", rows=900, groups=None))
        .81 (.77 to .85)
    """

    accuracy: float
    interval: Interval
    method: Method
    rows: int
    groups: int | None = None

    @property
    def assumption(self) -> str:
        """What it rests on."""
        return ASSUMPTIONS[self.method]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return attrs.asdict(self)

    def __str__(self) -> str:
        """Accuracy and interval, of two digits."""
        return f"{_short(self.accuracy)} ({_short(self.interval.low)} to {_short(self.interval.high)})"


@attrs.frozen
class Gain:
    """How much more often a model is probably right than another on the same rows.

    Args:
        difference: of the accuracies.
        interval: of it; both models are judged on the same draws of rows.

    Example:
        >>> Gain(0.19, Interval(0.14, 0.24)).verdict, Gain(0.01, Interval(-0.02, 0.04)).verdict
        ('probably helped', 'cannot be told apart')
    """

    difference: float
    interval: Interval

    @property
    def verdict(self) -> Literal["probably helped", "probably harmed", "cannot be told apart"]:
        """Whether the interval lies on one side of zero."""
        if self.interval.low > 0:
            return "probably helped"
        return "probably harmed" if self.interval.high < 0 else "cannot be told apart"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {**attrs.asdict(self), "verdict": self.verdict}


def _short(share: float) -> str:
    return f"{share:.2f}".removeprefix("0")
