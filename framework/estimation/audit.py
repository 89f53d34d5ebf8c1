"""What labels of a few drawn rows tell: audited accuracy and gains, which are no estimates without labels.

All is said of the rows that were drawn from; a row was drawn whatever its label is, so no model need be right.
"""

from collections.abc import Mapping
from math import sqrt
from statistics import NormalDist
from typing import Any, Final

import attrs
import numpy as np
from numpy.typing import NDArray

from ..consensus.opinion import Votes
from ..evaluation.intervals import Interval, wilson_interval
from .audit_design import AuditDesign

LEVEL: Final = 0.95


@attrs.frozen
class Audited:
    """An accuracy, or a difference of two, by labels of drawn rows.

    Args:
        value: without bias.
        interval: at 95 %.
        labels: that it took.
    """

    value: float
    interval: Interval
    labels: int

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return attrs.asdict(self)

    def __str__(self) -> str:
        """Value and interval, of two digits."""
        return f"{self.value:.2f} ({self.interval.low:.2f} to {self.interval.high:.2f})"


def audit_accuracy(design: AuditDesign, predictions: Votes, answers: Votes, level: float = LEVEL) -> Audited:
    """How often a candidate is right on all rows that were drawn from.

    The mean of both strata by their sizes; its interval is made of Wilson's of each stratum (MOVER: Zou and Donner,
    "Construction of confidence limits about effect measures", 2008, https://doi.org/10.1002/sim.3095).

    Args:
        design: which rows were drawn.
        predictions: `(n,)` of the drawn rows.
        answers: `(n,)`, their labels.
        level: of the interval.

    Raises:
        ValueError: if there is not a prediction and an answer for each row.

    Example:
        >>> design = AuditDesign(np.arange(8), np.repeat([False, True], 4), (60, 40))
        >>> print(audit_accuracy(design, np.array([0, 0, 0, 0, 0, 0, 1, 1]), np.zeros(8, dtype=np.int64)))
        0.80 (0.47 to 0.94)
    """
    _check(design, predictions, answers)
    right = predictions == answers
    total, below, above = 0.0, 0.0, 0.0
    for share, drawn, size in _strata(design):
        found = right[drawn]
        mean = float(found.mean())
        # All rows of a stratum are known then.
        whole = len(found) == size
        ends = Interval(mean, mean) if whole else wilson_interval(int(found.sum()), len(found), level)
        total += share * mean
        below += (share * (mean - ends.low)) ** 2
        above += (share * (ends.high - mean)) ** 2
    return Audited(total, Interval(total - sqrt(below), total + sqrt(above)), len(answers))


def audit_gain(design: AuditDesign, predictions: Votes, others: Votes, answers: Votes, level: float = LEVEL) -> Audited:
    """How much more often a candidate is right than another: paired, on rows where candidates differ alone.

    Where they agree, the difference is 0, whatever the labels are. Its interval adds a row for and one against, so that
    it has a width where all labels speak for one side (Bonett and Price, "Adjusted Wald confidence interval for a
    difference of binomial proportions based on paired data", 2012, https://doi.org/10.3102/1076998611411915).

    Args:
        design: which rows were drawn.
        predictions: `(n,)` of the drawn rows.
        others: `(n,)` of the candidate that it is compared with.
        answers: `(n,)`, the rows' labels.
        level: of the interval.

    Raises:
        ValueError: if there is not a prediction and an answer for each row.

    Example:
        >>> design = AuditDesign(np.arange(8), np.repeat([False, True], 4), (60, 40))
        >>> one, other = np.zeros(8, dtype=np.int64), np.repeat([0, 1], 4)
        >>> print(audit_gain(design, one, other, np.zeros(8, dtype=np.int64)))
        0.40 (0.03 to 0.40)
    """
    _check(design, predictions, answers)
    _check(design, others, answers)
    agreed, contested = design.sizes
    drawn = design.contested
    count = int(drawn.sum())
    if not count:
        return Audited(0.0, Interval(0.0, 0.0), 0)
    share = contested / (agreed + contested)
    gained, lost = (
        int(((one == answers) & (other != answers))[drawn].sum())
        for one, other in ((predictions, others), (others, predictions))
    )
    value = share * (gained - lost) / count
    if count == contested:
        return Audited(value, Interval(value, value), count)
    up, down = (gained + 1) / (count + 2), (lost + 1) / (count + 2)
    half = NormalDist().inv_cdf((1 + level) / 2) * sqrt((up + down - (up - down) ** 2) / (count + 2))
    low, high = max(-1.0, up - down - half), min(1.0, up - down + half)
    return Audited(value, Interval(min(value, share * low), max(value, share * high)), count)


def pick_audited(
    design: AuditDesign, predictions: Mapping[str, Votes], answers: Votes, reference: str
) -> tuple[str, Audited]:
    """The candidate that labels say is best, if it is surely better than the reference; else the reference.

    As many candidates as there are have as many chances to seem better: their intervals are at 1 - 0.05 / (K - 1)
    (Bonferroni).

    Args:
        design: which rows were drawn.
        predictions: `(n,)` of each candidate.
        answers: `(n,)`.
        reference: the candidate that stays unless another is surely better, such as source-only.
    """
    others = [name for name in predictions if name != reference]
    level = 1 - (1 - LEVEL) / max(len(others), 1)
    gains = {name: audit_gain(design, predictions[name], predictions[reference], answers, level) for name in others}
    best = max(others, key=lambda name: gains[name].value, default=reference)
    if best == reference or gains[best].interval.low <= 0:
        return reference, Audited(0.0, Interval(0.0, 0.0), len(answers))
    return best, gains[best]


def _strata(design: AuditDesign) -> list[tuple[float, NDArray[np.bool_], int]]:
    """Of each stratum that has rows: its share of them, which of the drawn rows are of it, and its size."""
    return [
        (size / sum(design.sizes), design.contested == bool(stratum), size)
        for stratum, size in enumerate(design.sizes)
        if size
    ]


def _check(design: AuditDesign, predictions: Votes, answers: Votes) -> None:
    if predictions.shape != design.rows.shape or answers.shape != design.rows.shape:
        raise ValueError(
            f"predictions and answers must be {len(design.rows)}, one for each drawn row, but got {predictions.shape} "
            f"and {answers.shape}."
        )
