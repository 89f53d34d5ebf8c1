"""Scores and sizes as text."""

from ...framework.report.views import UNKNOWN
from ..metrics import Score


def write_score(score: Score | None) -> str:
    """A score with its spread."""
    if score is None:
        return UNKNOWN
    return f"{score.value:.3f} ({write_spread(score)})" if write_spread(score) else f"{score.value:.3f}"


def write_spread(score: Score) -> str:
    """Mean and standard deviation over seeds; nothing for a single one.

    Example:
        >>> write_spread(Score(0.5, 0.45, 0.05, 3))
        '0.450 ± 0.050 over 3 seeds'
    """
    return "" if score.std is None else f"{score.mean:.3f} ± {score.std:.3f} over {score.seeds} seeds"


def write_size(size: int) -> str:
    """Bytes for people.

    Example:
        >>> write_size(1_234_567), write_size(512)
        ('1.23 MB', '512 bytes')
    """
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e3:.0f} kB" if size < 1e6 else f"{size / 1e6:.2f} MB"
