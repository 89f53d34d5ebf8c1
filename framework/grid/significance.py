"""Whether a recipe differs from source-only by more than the seeds do."""

from collections.abc import Sequence
from math import isclose


def paired_t_test(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Two-sided p-value of Student's t-test on differences of pairs, seed by seed.

    With five seeds, Wilcoxon's signed-rank test, which asks less of the differences, can never fall below .0625,
    whatever they are; the t-test can. It takes the differences as normal, which so few cannot show.

    Args:
        first: a value a seed.
        second: the values of the same seeds, in the same order.

    Returns:
        The p-value; None with fewer than two pairs, or where all differences are the same, up to rounding.

    Raises:
        ValueError: if there are not as many values on both sides.

    Example:
        >>> round(paired_t_test([0.6, 0.7, 0.8], [0.5, 0.5, 0.5]), 4)
        0.0742
    """
    if len(first) != len(second):
        raise ValueError(f"both sides must have as many values, but got {len(first)} and {len(second)}.")
    differences = [one - other for one, other in zip(first, second, strict=True)]
    if len(differences) < 2 or isclose(max(differences), min(differences), abs_tol=1e-9):
        return None
    # Imported late: it takes longer than all the rest of a report.
    from scipy.stats import ttest_rel

    return float(ttest_rel(first, second).pvalue)
